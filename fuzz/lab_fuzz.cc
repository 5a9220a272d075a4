// The lab's parsers of foreign octets: the end of DATA, paths, DNS queries, log lines. It is no
// part of the mail path, but administrators run it, and tests believe it.
#include "core/assert.h"
#include "lab/attempt_log.h"
#include "lab/dns_server.h"
#include "lab/message_reader.h"
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
    (void)parse_attempt_line(octets);
    const auto udp = responder().answer(octets, Transport::Udp);
    HERMETIC_ASSERT(udp.octets.size() <= 1232);
    (void)responder().answer(octets, Transport::Tcp);
    return 0;
}
