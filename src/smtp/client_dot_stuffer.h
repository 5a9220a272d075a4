// Makes a message transparent for DATA: RFC 5321 §4.5.2. Pure.
//
// Copies in runs between the dots that need one more; a chunk that needs nothing is passed on as it
// is, without a copy.
#pragma once

#include <string>
#include <string_view>

namespace hermetic::smtp {

class DotStuffer {
public:
    // The chunk in its transparent form: the chunk itself, or `scratch`, which is overwritten.
    // Valid as long as both.
    [[nodiscard]] std::string_view feed(std::string_view chunk, std::string& scratch);

    // What ends the message: the CRLF that its last line lacks, if so, and the dot.
    [[nodiscard]] std::string_view finish() const;

private:
    // A line begins behind every LF, not only behind CRLF: a peer that ends lines at a bare LF must
    // not find our end of data in a message (SMTP smuggling).
    char last_ = '\n';
    char before_last_ = '\r';
};

}  // namespace hermetic::smtp
