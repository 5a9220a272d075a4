// The lab's parsers of foreign octets: the end of DATA, paths, DNS queries, log lines. It is no
// part of the mail path, but administrators run it, and tests believe it.
#include "core/assert.h"
#include "lab/attempt_log.h"
#include "lab/dns_server.h"
#include "lab/message_reader.h"
#include "lab/on_path.h"
#include "lab/on_path_session.h"
#include "lab/partners.h"
#include "lab/smtp_text.h"
#include "lab/zones.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace hermetic::lab;

struct Read {
    std::string body;
    std::size_t used = 0;
    bool done = false;
    bool operator==(const Read&) const = default;
};

Read read_message(std::string_view octets, std::size_t cut)
{
    MessageSink sink{1U << 20};
    DotReader reader{sink};
    Read read;
    read.used = reader.feed(octets.substr(0, cut));
    if (!reader.is_done()) read.used += reader.feed(octets.substr(cut));
    read.done = reader.is_done();
    read.body = sink.take_body();
    return read;
}

// Stuffed again, what was read is what was sent, for messages that end as they should.
void check_message(std::string_view octets)
{
    const Read whole = read_message(octets, octets.size());
    const std::size_t cut = octets.empty() ? 0 : static_cast<unsigned char>(octets[0]);
    HERMETIC_ASSERT(whole == read_message(octets, std::min(cut, octets.size())));
    HERMETIC_ASSERT(whole.used <= octets.size());
    HERMETIC_ASSERT(whole.body.size() <= whole.used);
}

void check_path(std::string_view octets)
{
    const auto command = split_command(octets);
    const auto parsed = parse_path(octets, "FROM");
    if (!parsed) return;
    HERMETIC_ASSERT(parsed->path.starts_with('<') && parsed->path.ends_with('>'));
    HERMETIC_ASSERT(parsed->keywords.size() == parsed->values.size());
    std::string again = "FROM:" + parsed->path;
    if (!parsed->keywords.empty()) again += ' ' + parsed->parameters;
    HERMETIC_ASSERT(parse_path(again, "FROM")->path == parsed->path);
    HERMETIC_ASSERT(local_part(parsed->path).size() < parsed->path.size());
    HERMETIC_ASSERT(command.verb.size() <= octets.size());
}

struct Passed {
    std::string to_client;
    std::string to_server;
    bool goes_on = true;
    bool operator==(const Passed&) const = default;
};

// A server that speaks first, a client that starts TLS and then sends anything.
Passed pass_on(const OnPathAttack& attack, std::string_view octets, std::size_t cut)
{
    OnPathMemory memory;
    OnPathSession session{attack, memory};
    Passed passed;
    const auto take = [&passed](OnPathStep step) {
        passed.to_client += step.to_client;
        passed.to_server += step.to_server;
        passed.goes_on = passed.goes_on && step.end == OnPathStep::End::No;
    };
    take(session.from_server("220 a\r\n"));
    take(session.from_client("EHLO a\r\n"));
    take(session.from_server(octets.substr(0, cut)));
    take(session.from_server(octets.substr(cut)));
    take(session.from_server("\r\n250 STARTTLS\r\n"));
    take(session.from_client("STARTTLS\r\n"));
    take(session.from_server("220 go\r\n"));
    if (!passed.goes_on) return passed;
    take(session.from_client(octets.substr(0, cut)));
    if (passed.goes_on) take(session.from_client(octets.substr(cut)));
    return passed;
}

void check_on_path(std::string_view octets)
{
    const std::size_t cut = octets.empty() ? 0 : static_cast<unsigned char>(octets[0]);
    for (const auto* const name : {"nobody", "strip", "break-tls13", "cut-message"}) {
        const auto& attack = *find_on_path_attack(name);
        HERMETIC_ASSERT(pass_on(attack, octets, octets.size()) ==
                        pass_on(attack, octets, std::min(cut, octets.size())));
    }
    (void)offers_tls13(octets);
}

const Responder& responder()
{
    static const Responder made{
        make_zone_data({{find_partner("large-answer"), hermetic::IpAddress::v4({127, 20, 0, 1})},
                        {find_partner("alias-loop"), hermetic::IpAddress::v4({127, 20, 0, 2})}},
                       hermetic::IpAddress::v4({127, 20, 255, 1})),
        UnknownZones::NxDomain};
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view octets{reinterpret_cast<const char*>(data), size};
    check_message(octets);
    check_path(octets);
    check_on_path(octets);
    (void)parse_attempt_line(octets);
    const auto udp = responder().answer(octets, Transport::Udp);
    HERMETIC_ASSERT(udp.octets.size() <= 1232);
    (void)responder().answer(octets, Transport::Tcp);
    return 0;
}
