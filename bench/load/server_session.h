// One SMTP session of the sink, as a machine: octets go in, replies and events come out. Takes
// everything, checks nothing but the order of commands. Pure. RFC 5321, 2920, 3030 (BDAT), 3207.
#pragma once

#include "load/content_scan.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::load {

enum class OfferStartTls { No, Yes };

struct ServerSettings {
    OfferStartTls starttls = OfferStartTls::No;
    double reject = 0;  // share of recipients, 0 … 1
    double defer = 0;
};

enum class ServerEvent {
    NeedInput,
    StartTls,  // write what there is, drop what the client sent in clear, handshake, then on_tls()
    Message,   // content() has it: reply_to_content() when it is time to
    Close,     // after what is in out
};

class ServerSession {
public:
    // settings outlives the session; seed of the shares.
    ServerSession(const ServerSettings& settings, std::uint64_t seed);

    void greet(std::string& out) const;
    // Takes from input up to the next event. After Message, reply before the next call.
    [[nodiscard]] ServerEvent next(std::string_view& input, std::string& out);
    void on_tls();
    void reply_to_content(std::string& out);

    [[nodiscard]] const ContentScan& content() const { return content_; }

private:
    enum class Mode { Command, Data, Chunk };

    ServerEvent on_line(std::string_view line, std::string& out);
    ServerEvent on_mail_command(std::uint32_t verb, std::string_view line, std::string& out);
    ServerEvent take_chunk(std::string_view& input, std::string& out);
    void on_bdat(std::string_view arguments, std::string& out);
    void on_rcpt(std::string& out);
    void append_ehlo(std::string& out) const;
    void reset();
    double draw();

    const ServerSettings& settings_;
    std::uint64_t random_;
    ContentScan content_;
    std::string partial_;
    Mode mode_ = Mode::Command;
    bool tls_ = false;
    bool mail_ = false;
    bool in_chunks_ = false;
    bool last_chunk_ = false;
    std::uint64_t chunk_left_ = 0;
    unsigned recipients_ = 0;
};

}  // namespace hermetic::load
