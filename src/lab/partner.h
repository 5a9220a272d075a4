// A partner's server: accepts on its own address and gives each connection a dialogue.
// Private header: Asio types. One thread, that of its io_context, but for the constructor.
#pragma once

#include "core/result.h"
#include "lab/dialogue.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace hermetic::lab {

struct PartnerLimits {
    std::chrono::milliseconds connection_time{600'000};
    std::size_t connections = 1000;    // more at once are closed unserved
    std::size_t keep_body = 1U << 20;  // octets of a body that are kept
    bool offers_auth = false;
};

class Partner {
public:
    using Acceptor = boost::asio::ip::tcp::acceptor;

    // `acceptor` listens already; `behaviour` and `book` outlive the partner, which outlives the
    // run of its io_context.
    Partner(const Behaviour& behaviour, Acceptor acceptor, TlsServer tls, RecordBook& book,
            PartnerLimits limits);

    void start();

    // Wakes all dialogues with ChannelError::Stopped. They end in the io_context.
    void stop();

    [[nodiscard]] const Behaviour& behaviour() const { return state_.behaviour; }

private:
    Task<void> accept_all();
    Task<void> serve(std::shared_ptr<Channel> channel, std::string client, std::uint64_t key);
    void begin(boost::asio::ip::tcp::socket socket);

    Acceptor acceptor_;
    TlsServer tls_;
    PartnerState state_;
    PartnerLimits limits_;
    std::uint64_t next_key_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<Channel>> live_;
};

}  // namespace hermetic::lab
