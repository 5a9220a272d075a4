// The lab's name server: authoritative for lab.test over UDP and TCP, unsigned.
//
// Wire format by ldns. Private header: Asio types. One thread, that of its io_context, except for
// questions(), which is thread-safe.
#pragma once

#include "core/result.h"
#include "lab/channel.h"
#include "lab/zones.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hermetic::lab {

enum class UnknownZones { Refused, NxDomain };  // the answer about names outside lab.test

enum class Transport { Udp, Tcp };

// Answers one query as octets, "" for none. Holds parsed records; immutable. Thread-safe.
class Responder {
public:
    Responder(const ZoneData& data, UnknownZones unknown);
    ~Responder();
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    struct Answer {
        std::string octets;    // empty: say nothing
        std::string question;  // "tls12.lab.test. MX"; empty where it could not be read
    };
    [[nodiscard]] Answer answer(std::string_view query, Transport transport) const;

private:
    struct Records;
    std::unique_ptr<Records> records_;
};

class DnsServer {
public:
    using UdpSocket = boost::asio::ip::udp::socket;
    using Acceptor = boost::asio::ip::tcp::acceptor;

    // Both sockets are bound.
    DnsServer(UdpSocket udp, Acceptor tcp, const ZoneData& data, UnknownZones unknown);

    void start();
    void stop();

    // The last 10,000 questions, oldest first.
    [[nodiscard]] std::vector<std::string> questions() const;

private:
    Task<void> serve_udp();
    Task<void> accept_tcp();
    Task<void> serve_tcp(std::shared_ptr<Channel> channel, std::uint64_t key);
    [[nodiscard]] std::string respond(std::string_view query, Transport transport);

    UdpSocket udp_;
    Acceptor tcp_;
    Responder responder_;
    std::uint64_t next_key_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<Channel>> live_;
    mutable std::mutex mutex_;  // of questions_
    std::deque<std::string> questions_;
};

}  // namespace hermetic::lab
