// From a finished transaction to the messages that the spool keeps: one for each route.
//
// Pure. Recipients with one route key travel together (ARCHITECTURE.md, life of a message); all
// parts share one body and the id that the client is told.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "mail/envelope.h"
#include "objects/snapshot.h"
#include "smtp/transaction.h"
#include "spool/spool.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::inbound {

// An organization's connector that admitted the client: what its parts of a message say of it.
struct AdmittedBy {
    std::string organization;
    std::string connector;
    bool internal = false;
};

struct AcceptedMessage {
    const smtp::Transaction& transaction;
    const objects::Snapshot& snapshot;
    MessageId id;      // the client will be told this one
    spool::Body body;  // trace fields included
    mail::Arrival arrival;
    WallTime accepted_at{};
    // By whose right it is relayed, by name: whose mail it is where the recipient's domain is
    // nobody's.
    std::string organization{};
    std::vector<AdmittedBy> admitted_by{};  // at most one of each organization
    // Whether a connector of an organization, by name, required TLS of the client. Empty: none.
    std::function<bool(std::string_view)> required_tls{};
};

struct SplitMessage {
    std::vector<std::shared_ptr<const spool::StoredMessage>> messages;
    std::vector<std::string> routes;  // for the log: key and reason of each
};

// The first part has the id itself, further ones get ids from `ids`.
[[nodiscard]] SplitMessage split_by_route(AcceptedMessage accepted, IdSource& ids);

}  // namespace hermetic::inbound
