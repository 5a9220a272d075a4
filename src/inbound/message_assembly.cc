#include "inbound/message_assembly.h"

#include <algorithm>

namespace hermetic::inbound {
namespace {

// What a kept message may waste by the way strings grow.
constexpr std::size_t kMaxWaste = 16 * 1024;

}  // namespace

MessageAssembly::MessageAssembly(net::Core& core, spool::Spool& spool, BodyId id, std::string trace,
                                 std::uint64_t expected)
    : core_{core},
      spool_{spool},
      id_{id},
      threshold_{spool.body_file_threshold()},
      pending_{std::move(trace)}
{
    // A client may say what it likes: at most a piece is made room for.
    pending_.reserve(pending_.size() + static_cast<std::size_t>(std::min<std::uint64_t>(
                                           expected, std::min(threshold_, kPiece))));
}

MessageAssembly::~MessageAssembly() = default;

void MessageAssembly::add(std::string_view run)
{
    pending_ += run;
}

bool MessageAssembly::is_full() const
{
    return pending_.size() >= (writer_ ? kPiece : threshold_ + 1);
}

net::Task<Result<void, net::BodyError>> MessageAssembly::flush()
{
    if (!writer_) writer_ = spool_.write_body(id_);
    auto written = co_await write_pending();
    pending_.reserve(kPiece + kMaxWaste);
    co_return written;
}

net::Task<Result<void, net::BodyError>> MessageAssembly::write_pending()
{
    Bytes piece{std::exchange(pending_, {})};
    co_return co_await net::append(core_, *writer_, std::move(piece));
}

net::Task<Result<spool::Body, net::BodyError>> MessageAssembly::finish()
{
    if (is_full()) {
        auto flushed = co_await flush();
        if (!flushed) co_return failure(std::move(flushed.error()));
    }
    if (!writer_) {
        if (pending_.capacity() - pending_.size() > kMaxWaste) pending_.shrink_to_fit();
        spool::Body body;
        body.id = id_;
        body.size = pending_.size();
        body.bytes = Bytes{std::exchange(pending_, {})};
        co_return body;
    }
    if (!pending_.empty()) {
        auto written = co_await write_pending();
        if (!written) co_return failure(std::move(written.error()));
    }
    auto finished = co_await net::finish(core_, *writer_);
    if (!finished) co_return failure(std::move(finished.error()));
    co_return writer_->body();
}

}  // namespace hermetic::inbound
