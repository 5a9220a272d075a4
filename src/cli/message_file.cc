#include "cli/message_file.h"

#include "core/read_file.h"
#include "mail/header_scan.h"
#include "smtp/client_seven_bit.h"
#include "smtp/client_transaction.h"

namespace hermetic::cli {
namespace {

constexpr std::size_t kMaxHeader = std::size_t{1} << 20;
constexpr std::size_t kMaxOctets = std::size_t{256} << 20;

// As it comes by SMTP.
std::string with_crlf(std::string_view text)
{
    std::string lines;
    lines.reserve(text.size());
    char last = 0;
    for (const char c : text) {
        if (c == '\n' && last != '\r') lines += '\r';
        lines += c;
        last = c;
    }
    return lines;
}

}  // namespace

MessageFacts read_header(std::string_view header)
{
    MessageFacts facts;
    mail::HeaderScan scan;
    scan.feed(header);
    facts.received_fields = scan.received_fields();
    facts.tls_required_no = scan.tls_required_no();
    return facts;
}

smtp::MessageNeeds read_needs(std::string_view message)
{
    smtp::ContentScanner scanner;
    scanner.feed(message);
    smtp::MessageNeeds needs;
    needs.size = message.size();
    needs.eight_bit = scanner.needs().eight_bit;
    needs.smtputf8 = scanner.needs().utf8_header;
    if (!needs.eight_bit || message.size() > smtp::kMaxConverted) return needs;
    if (const auto converted = smtp::to_seven_bit(message))
        needs.seven_bit_size = converted->size();
    return needs;
}

Result<MessageFacts, std::string> read_message_file(const std::string& file)
{
    const auto start = read_file_start(file, kMaxOctets);
    if (!start)
        return failure(file + ": " + start.error().what + "; expected: " + start.error().expected);
    const std::string_view octets{start->octets};
    MessageFacts facts = read_header(octets.substr(0, kMaxHeader));
    facts.size = start->size;
    facts.needs = read_needs(with_crlf(octets));
    facts.needs.size += start->size - octets.size();
    return facts;
}

}  // namespace hermetic::cli
