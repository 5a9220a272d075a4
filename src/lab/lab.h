// The lab: partner servers on loopback with every kind of TLS behaviour, their certificates and
// their name server, in one process and on one thread of its own.
//
//   Lab lab{{.only = {"tls12", "expired"}}};
//   if (const auto started = lab.start(); !started) …
//   … send to someone@tls12.lab.test with DNS lab.dns_endpoint() and port lab.port() …
//   lab.book().messages("tls12")
//
// Thread-safe after start(). The destructor stops it.
#pragma once

#include "core/ip.h"
#include "core/result.h"
#include "lab/behaviour.h"
#include "lab/record_book.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab {

struct LabOptions {
    std::uint16_t port = 0;           // of every partner; 0: one that is free
    std::uint16_t dns_port = 0;       // on 127.0.0.1
    std::vector<std::string> only{};  // names of partners; empty: all
    // For ca.pem, issuing.pem, crl.pem, client.pem, client.key and records.jsonl. Must exist.
    // Empty: nothing is written.
    std::filesystem::path directory{};
    std::chrono::milliseconds connection_time{600'000};
    std::size_t keep_body = 1U << 20;  // octets of a body that are kept in memory
    // Every partner offers AUTH, in clear too, and takes whatever it is told: as who collects
    // passwords would.
    bool offers_auth = false;
};

struct LabError {
    enum class Kind { UnknownPartner, NoPort, CannotWrite };
    Kind kind = Kind::NoPort;
    std::string detail;
};

// One sentence for people.
[[nodiscard]] std::string describe(const LabError& error);

struct PlacedPartner {
    const Behaviour* behaviour = nullptr;
    std::string domain;
    Endpoint address;         // meaningless where nothing runs
    bool is_running = false;  // it has a server, and the machine has its address
    std::string key_pin{};    // of its certificate (certificate.h); empty where nothing runs
};

class Lab {
public:
    explicit Lab(LabOptions options);
    ~Lab();
    Lab(const Lab&) = delete;
    Lab& operator=(const Lab&) = delete;

    // After a failure nothing runs. Once per object.
    [[nodiscard]] Result<void, LabError> start();

    // Ends all connections and returns when their records are in the book. May be repeated.
    void stop();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] Endpoint dns_endpoint() const;
    [[nodiscard]] const std::vector<PlacedPartner>& partners() const;
    [[nodiscard]] const PlacedPartner* find(std::string_view name) const;
    [[nodiscard]] const LabOptions& options() const;

    [[nodiscard]] RecordBook& book();
    [[nodiscard]] std::vector<std::string> dns_questions() const;  // "tls12.lab.test. MX", in order

    // For tests of clients that are to trust the lab.
    [[nodiscard]] std::string ca_pem() const;
    [[nodiscard]] std::string crl_pem() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace hermetic::lab
