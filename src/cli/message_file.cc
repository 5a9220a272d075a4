#include "cli/message_file.h"

#include "core/read_file.h"
#include "mail/header_scan.h"

namespace hermetic::cli {
namespace {

constexpr std::size_t kMaxHeader = std::size_t{1} << 20;

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

Result<MessageFacts, std::string> read_message_file(const std::string& file)
{
    const auto start = read_file_start(file, kMaxHeader);
    if (!start)
        return failure(file + ": " + start.error().what + "; expected: " + start.error().expected);
    MessageFacts facts = read_header(start->octets);
    facts.size = start->size;
    return facts;
}

}  // namespace hermetic::cli
