#include "dns/knot_fixture.h"

#include "core/assert.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace hermetic::dns {

namespace {

constexpr const char* kKnotd = "/usr/sbin/knotd";

// Free for UDP and TCP at this moment.
std::uint16_t free_port()
{
    for (int attempt = 0; attempt < 50; ++attempt) {
        const int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        socklen_t length = sizeof address;
        const bool both = ::bind(tcp, any, length) == 0 && ::getsockname(tcp, any, &length) == 0 &&
                          ::bind(udp, any, length) == 0;
        ::close(udp);
        ::close(tcp);
        if (both) return ntohs(address.sin_port);
    }
    unreachable("no free port on loopback");
}

std::string configuration(const std::string& directory, std::uint16_t port,
                          const std::vector<KnotFixture::Zone>& zones)
{
    std::string text = fmt::format(
        "server:\n    rundir: \"{0}\"\n    listen: 127.0.0.1@{1}\n    udp-workers: 1\n"
        "    tcp-workers: 1\n    background-workers: 1\n"
        "log:\n  - target: \"{0}/log\"\n    any: info\n"
        "database:\n    storage: \"{0}\"\n"
        "policy:\n  - id: ours\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n"
        "zone:\n",
        directory, port);
    for (const auto& zone : zones) {
        text += fmt::format(
            "  - domain: {0}\n    storage: \"{1}\"\n    file: \"{0}.zone\"\n"
            "    zonefile-sync: -1\n    zonefile-load: difference-no-serial\n"
            "    journal-content: all\n",
            zone.name, directory);
        if (zone.is_signed) text += "    dnssec-signing: on\n    dnssec-policy: ours\n";
    }
    return text;
}

}  // namespace

bool KnotFixture::is_installed()
{
    return ::access(kKnotd, X_OK) == 0;
}

KnotFixture::KnotFixture(std::vector<Zone> zones) : port_{free_port()}
{
    std::string pattern = std::filesystem::temp_directory_path() / "hermetic-knot-XXXXXX";
    HERMETIC_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    for (const Zone& zone : zones) {
        std::ofstream{directory_ + "/" + zone.name + ".zone"} << fmt::format(
            "$ORIGIN {0}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 5\n@ NS ns\n"
            "ns A 127.0.0.1\n{1}\n",
            zone.name, zone.records);
    }
    const std::string file = directory_ + "/knot.conf";
    std::ofstream{file} << configuration(directory_, port_, zones);

    process_ = ::fork();
    HERMETIC_ASSERT(process_ >= 0);
    if (process_ == 0) {
        const int quiet = ::open("/dev/null", O_RDWR);
        for (const int descriptor : {0, 1, 2}) ::dup2(quiet, descriptor);
        ::execl(kKnotd, kKnotd, "-c", file.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    for (const Zone& zone : zones) {
        while (!answers(zone.name)) {
            HERMETIC_ASSERT(std::chrono::steady_clock::now() < end);
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }
}

KnotFixture::~KnotFixture()
{
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

std::string KnotFixture::address() const
{
    return fmt::format("127.0.0.1:{}", port_);
}

std::string KnotFixture::run(const std::string& command) const
{
    std::FILE* pipe = ::popen(command.c_str(), "r");
    HERMETIC_ASSERT(pipe != nullptr);
    std::string output;
    std::array<char, 512> block{};
    while (std::fgets(block.data(), block.size(), pipe) != nullptr) output += block.data();
    ::pclose(pipe);
    return output;
}

bool KnotFixture::answers(const std::string& zone) const
{
    const std::string soa = run(fmt::format(
        "kdig @127.0.0.1 -p {} +short +timeout=1 +retry=0 SOA {} 2>/dev/null", port_, zone));
    return soa.find("hostmaster") != std::string::npos;
}

std::string KnotFixture::trust_anchor(const std::string& zone) const
{
    // With SHA-256 (digest type 2); keymgr gives one line per digest.
    const std::string all =
        run(fmt::format("keymgr -c {}/knot.conf {} ds 2>/dev/null", directory_, zone));
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t end = std::min(all.find('\n', at), all.size());
        const std::string line = all.substr(at, end - at);
        if (line.find(" 13 2 ") != std::string::npos) return line;
        at = end + 1;
    }
    unreachable("no DS record");
}

}  // namespace hermetic::dns
