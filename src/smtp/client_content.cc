// ContentScanner: what a message needs of a peer.
#include "mail/header_scan.h"
#include "smtp/client_transaction.h"

namespace hermetic::smtp {

void ContentScanner::feed(std::string_view chunk)
{
    while (in_header_ && !chunk.empty()) {
        const auto end = chunk.find('\n');
        const auto line = chunk.substr(0, end);
        needs_.utf8_header = needs_.utf8_header || mail::has_8bit(line);
        line_length_ += line.size() - (line.ends_with('\r') ? 1 : 0);
        if (end == std::string_view::npos) return;
        in_header_ = line_length_ != 0;
        line_length_ = 0;
        chunk.remove_prefix(end + 1);
    }
    needs_.eight_bit = needs_.eight_bit || mail::has_8bit(chunk);
}

}  // namespace hermetic::smtp
