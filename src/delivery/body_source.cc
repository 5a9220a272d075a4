#include "delivery/body_source.h"

#include "net/await_spool.h"
#include "outbound/context.h"

#include <algorithm>
#include <utility>

namespace hermetic::delivery {
namespace {

// Of a body file in memory at a time, and of a body in memory between two deadlines.
constexpr std::size_t kChunk = std::size_t{256} << 10;

}  // namespace

net::Task<std::optional<std::string_view>> BodySource::next()
{
    if (!body_.in_file) {
        const auto whole = body_.bytes.view();
        const auto piece = whole.substr(std::min<std::size_t>(offset_, whole.size()), kChunk);
        offset_ += piece.size();
        co_return piece;
    }
    if (!reader_) reader_ = context_.adapters.spool->open_body(body_);
    if (!reader_) co_return std::nullopt;
    auto read = co_await net::read_body(context_.adapters.core, *reader_, offset_, kChunk);
    if (!read) co_return std::nullopt;
    chunk_ = *std::move(read);
    offset_ += chunk_.size();
    co_return std::string_view{chunk_};
}

}  // namespace hermetic::delivery
