// Keeps certificates by ACME current: orders what is due, installs what came, waits after failures.
//
// Lives on one core. One order at a time. What is installed is a pair of files that the server
// watches like all others. The key is made once and stays (a TLSA record for it stays right), so
// that a renewal replaces one file: the old chain serves until the new one is whole, good and on
// stable storage. A key that is missing or damaged is made anew, and a certificate with it; one
// that is there and cannot be read may be good, and its order fails.
#pragma once

#include "acme/order.h"
#include "acme/renewal.h"
#include "core/time.h"
#include "facts/tls.h"
#include "net/task.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::acme {

struct Kept {
    std::string name;
    std::string chain_file;  // where it is installed
    std::string key_file;
    std::string attempts_file;  // what is known of orders that failed
    Order order;
};

class Keeper {
public:
    // All of it outlives this.
    Keeper(net::Core& core, Transport& transport, events::Publisher& events)
        : core_{core}, transport_{transport}, events_{events}
    {
    }

    // From the next look on.
    void keep(std::vector<Kept> certificates);
    // Until the core stops.
    [[nodiscard]] net::Task<> run();
    // What is due now, and no more: for who orders once. When the next is due, or may be tried.
    [[nodiscard]] net::Task<WallTime> renew_due();

    // Orders this one next, whether it is due or not. False: it keeps none of that name.
    [[nodiscard]] bool renew_now(const std::string& name);

    struct State {
        std::string name;
        std::string directory;
        WallTime next{};  // the next order, at the earliest
        std::uint32_t failures = 0;
        std::string error;  // of the last order that failed
        bool under_way = false;
    };
    // Of the certificates' files as the last look found them: reads those alone that are new.
    [[nodiscard]] std::vector<State> states();

    struct Counts {
        std::uint64_t issued = 0;
        std::uint64_t failed = 0;
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }

private:
    using Facts = std::optional<facts::CertificateFacts>;
    // Reads its files.
    [[nodiscard]] WallTime next_for(const Kept& kept, WallTime now);
    [[nodiscard]] WallTime next_for(const Kept& kept, const Facts& facts, WallTime now);
    [[nodiscard]] const Facts& read_facts(const Kept& kept);
    [[nodiscard]] std::optional<Attempts>& attempts_of(const Kept& kept);
    // Where they cannot be written they are in effect until the server ends.
    Result<void, std::string> keep_attempts(const Kept& kept, Attempts attempts);
    net::Task<> renew(Kept kept);
    net::Task<> order_and_note(Kept kept);
    net::Task<Result<void, Trouble>> order(Kept kept);
    [[nodiscard]] Result<tls::SigningKey, std::string> prepare_key(const Kept& kept);
    [[nodiscard]] Result<void, Trouble> install(const Kept& kept, const std::string& chain);
    void on_issued(const Kept& kept);
    void on_failed(const Kept& kept, const Trouble& trouble);

    net::Core& core_;
    Transport& transport_;
    events::Publisher& events_;
    std::vector<Kept> certificates_;
    std::map<std::string, std::optional<Attempts>> attempts_;  // by the file that has them
    std::map<std::string, Facts> facts_;                       // by the chain's file
    std::set<std::string> asked_for_;                          // by name, to be ordered next
    std::string under_way_;                                    // the name; empty: none
    Counts counts_;
};

}  // namespace hermetic::acme
