#include "cli/message_file.h"

#include "core/read_file.h"
#include "core/text.h"
#include "mail/header_scan.h"

namespace hermetic::cli {
namespace {

constexpr std::size_t kMaxHeader = std::size_t{1} << 20;

bool is_folded(std::string_view line)
{
    return line.starts_with(' ') || line.starts_with('\t');
}

// RFC 8689 §5: the field "TLS-Required" with the value "No", whatever the case; a comment or
// another value means nothing.
bool is_tls_required_no(std::string_view field)
{
    const auto colon = field.find(':');
    if (colon == std::string_view::npos) return false;
    return iequals(trim(field.substr(0, colon)), "TLS-Required") &&
           iequals(trim(field.substr(colon + 1)), "no");
}

}  // namespace

MessageFacts read_header(std::string_view header)
{
    MessageFacts facts;
    mail::HeaderScan scan;
    scan.feed(header);
    facts.received_fields = scan.received_fields();
    std::string field;
    const auto end_field = [&] {
        facts.tls_required_no = facts.tls_required_no || is_tls_required_no(field);
        field.clear();
    };
    for (auto line : split(header, '\n')) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) break;
        if (!is_folded(line)) end_field();
        field += line;
    }
    end_field();
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
