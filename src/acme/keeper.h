// Keeps certificates by ACME current: orders what is due, installs what came, waits after failures.
//
// Lives on one core. One order at a time. What is installed is a pair of files that the server
// watches like all others; the old pair stays until the new one is whole and good.
#pragma once

#include "acme/order.h"
#include "core/time.h"
#include "facts/tls.h"
#include "net/task.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::ledger {
class Log;
}

namespace hermetic::acme {

struct Kept {
    std::string name;
    std::string chain_file;  // where it is installed
    std::string key_file;
    Order order;
};

class Keeper {
public:
    Keeper(net::Core& core, ledger::Log& log) : core_{core}, log_{log} {}

    // From the next look on.
    void keep(std::vector<Kept> certificates) { certificates_ = std::move(certificates); }
    // Until the core stops.
    [[nodiscard]] net::Task<> run();

    struct Counts {
        std::uint64_t issued = 0;
        std::uint64_t failed = 0;
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }

private:
    struct Trouble {
        std::uint32_t failures = 0;
        Instant retry_at{};
    };
    [[nodiscard]] WallTime next_for(const Kept& kept, WallTime now) const;
    net::Task<> renew(Kept kept);
    [[nodiscard]] std::optional<std::string> install(const Kept& kept, const Issued& issued);
    void on_failed(const Kept& kept, const std::string& what);

    net::Core& core_;
    ledger::Log& log_;
    std::vector<Kept> certificates_;
    std::map<std::string, Trouble> troubles_;  // by name
    Counts counts_;
};

}  // namespace hermetic::acme
