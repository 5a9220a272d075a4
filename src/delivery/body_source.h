// A body in pieces, from memory or from its file.
#pragma once

#include "net/task.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::outbound {
class Context;
}

namespace hermetic::delivery {

// `context` and `body` outlive it.
class BodySource {
public:
    BodySource(outbound::Context& context, const spool::Body& body) : context_{context}, body_{body}
    {
    }

    // Empty at the end; valid until the next call. nullopt: it cannot be read. An end before
    // complete() is a file that lacks its end.
    [[nodiscard]] net::Task<std::optional<std::string_view>> next();
    [[nodiscard]] bool complete() const { return offset_ == body_.size; }

private:
    outbound::Context& context_;
    const spool::Body& body_;
    std::unique_ptr<spool::BodyReader> reader_;
    std::string chunk_;
    std::uint64_t offset_ = 0;
};

}  // namespace hermetic::delivery
