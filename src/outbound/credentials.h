// What the objects name in files: CAs, client certificates, passwords, CRLs. Loaded once for all
// cores; immutable.
//
// A set is made anew where objects or one of the files change. A CA file that cannot be read makes
// its connectors' mail wait, and so does a password; of client certificates and of each file of
// CRLs what was read before stays in use, where there is any. Nothing is ever replaced by something
// weaker.
#pragma once

#include "objects/snapshot.h"
#include "outbound/identity.h"
#include "policy/tls_policy.h"
#include "tls/context.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::outbound {

class Credentials {
public:
    // `before` may be null. Reads files.
    [[nodiscard]] static std::shared_ptr<const Credentials> load(
        const objects::Snapshot::Contents& contents, const Credentials* before);

    // What an administrator should repair.
    struct Fault {
        std::string object;        // "outbound_connector \"bank\""
        std::string organization;  // whose it is: another's may have the same name
        tls::ConfigError error;
    };
    [[nodiscard]] const std::vector<Fault>& faults() const { return faults_; }
    // To be watched.
    [[nodiscard]] const std::vector<std::string>& files() const { return files_; }
    struct Named {
        std::string name;
        std::string organization;
        facts::CertificateFacts facts;
    };
    // The client certificates in use.
    [[nodiscard]] std::vector<Named> certificates() const;

    // For people: the CRLs whose successors are due.
    [[nodiscard]] std::vector<std::string> overdue_crls(WallTime now) const;

    struct Wanted {
        const policy::TlsPolicy* policy = nullptr;   // the effective one; not null
        const policy::TlsPolicy* audited = nullptr;  // what enforcing would ask for; may be null
        std::string_view organization;
        const objects::OutboundConnector* connector = nullptr;  // may be null
        std::shared_ptr<const tls::CaSet> system;               // null: none is known
    };
    [[nodiscard]] Identity identity(const Wanted& wanted) const;

private:
    template <typename What>
    struct Loaded {
        std::shared_ptr<const What> value;  // null: `words` say why
        std::string words;
    };
    template <typename What, typename Key = std::string>
    using By = std::map<Key, Loaded<What>, std::less<>>;
    using OwnedName = objects::OwnedName;

    class Loader;
    class Gatherer;

    By<tls::CaSet> cas_;                            // by file
    By<tls::Certificate, OwnedName> certificates_;  // by the object
    By<tls::CrlSet> crls_;                          // by organization
    By<sasl::Login, OwnedName> logins_;             // by the connector
    std::vector<Fault> faults_;
    std::vector<std::string> files_;
};

}  // namespace hermetic::outbound
