// A real Knot DNS on loopback for tests: signed and unsigned zones on a free port.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hermetic::dns {

class KnotFixture {
public:
    struct Zone {
        std::string name;     // "signed.test"
        std::string records;  // in zone-file form, relative names; SOA and NS are added
        bool is_signed = false;
    };

    static bool is_installed();
    // Starts knotd and waits until it answers for every zone.
    explicit KnotFixture(std::vector<Zone> zones);
    ~KnotFixture();  // ends it
    KnotFixture(const KnotFixture&) = delete;
    KnotFixture& operator=(const KnotFixture&) = delete;

    [[nodiscard]] std::string address() const;  // "127.0.0.1:12345"
    // The DS record of a signed zone, as a trust anchor.
    [[nodiscard]] std::string trust_anchor(const std::string& zone) const;

private:
    [[nodiscard]] std::string run(const std::string& command) const;
    [[nodiscard]] bool answers(const std::string& zone) const;

    std::string directory_;
    std::uint16_t port_ = 0;
    pid_t process_ = -1;
};

}  // namespace hermetic::dns
