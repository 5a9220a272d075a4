// What waits to be written to a connection: commands or replies, and maybe a body between them that
// is not copied. Pure but for the transport it writes to.
#pragma once

#include "load/transport.h"

#include <string>
#include <string_view>

namespace hermetic::load {

class Output {
public:
    // Where the next commands go.
    [[nodiscard]] std::string& text() { return body_.empty() ? before_ : after_; }
    // Behind text(); it lives until it is written. At most one at a time.
    void set_body(std::string_view body) { body_ = body; }
    [[nodiscard]] bool has_body() const { return !body_.empty(); }
    [[nodiscard]] bool empty() const { return before_.size() == written_ && body_.empty(); }

    // Io::Done: nothing is left.
    [[nodiscard]] Io flush(Transport& transport);

private:
    void advance(std::size_t count);

    std::string before_;
    std::size_t written_ = 0;  // of before_
    std::string_view body_;
    std::string after_;
};

}  // namespace hermetic::load
