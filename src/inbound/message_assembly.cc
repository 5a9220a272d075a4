#include "inbound/message_assembly.h"

#include <algorithm>

namespace hermetic::inbound {
namespace {

// What a kept message may waste by the way strings grow.
constexpr std::size_t kMaxWaste = 16 * 1024;
// What a message may keep in memory although there is no room for it: a file for less is not worth
// its price.
constexpr std::size_t kSmallPiece = MessageMemory::kStep;

}  // namespace

MessageAssembly::MessageAssembly(net::Core& core, spool::Spool& spool, MessageMemory& memory,
                                 BodyId id, std::string client, std::string trace,
                                 std::uint64_t expected)
    : core_{core},
      spool_{spool},
      id_{id},
      client_{std::move(client)},
      threshold_{spool.body_file_threshold()},
      pending_{std::move(trace)},
      share_{memory}
{
    if (memory.is_short()) return;
    // A client may say what it likes: at most a piece is made room for.
    pending_.reserve(pending_.size() + static_cast<std::size_t>(std::min<std::uint64_t>(
                                           expected, std::min(threshold_, kPiece))));
}

MessageAssembly::~MessageAssembly() = default;

void MessageAssembly::add(std::string_view run)
{
    pending_ += run;
    no_room_ = !share_.cover(pending_.size());
}

bool MessageAssembly::is_full() const
{
    if (no_room_ && pending_.size() >= kSmallPiece) return true;
    return pending_.size() >= (writer_ ? kPiece : threshold_ + 1);
}

net::Task<Result<void, net::BodyError>> MessageAssembly::flush()
{
    if (!writer_) writer_ = spool_.write_body(id_, client_);
    auto written = co_await write_pending();
    if (!no_room_) pending_.reserve(kPiece + kMaxWaste);
    co_return written;
}

net::Task<Result<void, net::BodyError>> MessageAssembly::write_pending()
{
    Bytes piece{std::exchange(pending_, {})};
    auto written = co_await net::append(core_, *writer_, std::move(piece));
    share_.clear();
    co_return written;
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
