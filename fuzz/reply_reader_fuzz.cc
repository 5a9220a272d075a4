// A peer's replies: no input breaks the reader, and what it accepts says the same when written
// again.
#include "core/assert.h"
#include "core/text.h"
#include "smtp/client_session.h"
#include "smtp/reply_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace hermetic;

std::string format(const smtp::PeerReply& reply)
{
    std::string out;
    const auto lines = split(reply.text, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out += std::to_string(reply.code);
        out += i + 1 == lines.size() ? ' ' : '-';
        out += lines[i];
        out += '\n';
    }
    return out;
}

void check_round_trip(const smtp::PeerReply& reply)
{
    smtp::ReplyReader again;
    const auto text = format(reply);
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto result = again.feed(rest.substr(0, end));
        rest.remove_prefix(end + 1);
        HERMETIC_ASSERT(result.has_value());
        HERMETIC_ASSERT(result->has_value() == rest.empty());
        if (rest.empty()) HERMETIC_ASSERT(**result == reply);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    smtp::ReplyReader reader;
    while (!rest.empty()) {
        const auto end = std::min(rest.find("\r\n"), rest.size());
        const auto result = reader.feed(rest.substr(0, end));
        if (!result) return 0;
        if (*result) {
            HERMETIC_ASSERT((*result)->text.size() <= smtp::ReplyReader::kMaxTextOctets +
                                                          smtp::ReplyReader::kMaxLineOctets + 1);
            check_round_trip(**result);
            const auto status = smtp::enhanced_status(**result);
            HERMETIC_ASSERT(status.status_class == (*result)->code / 100);
            const auto capabilities = smtp::parse_capabilities(**result);
            HERMETIC_ASSERT(capabilities.greeting_name.size() <= 255);
            HERMETIC_ASSERT(capabilities.auth_mechanisms.size() <= 500);
        }
        rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    return 0;
}
