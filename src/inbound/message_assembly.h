// MessageAssembly: the bytes of one message on their way to the spool.
//
// Lives on one core. Up to the spool's threshold the message is kept in memory; beyond it, it goes
// to a file while it arrives, so that no message needs more than two pieces of memory; earlier,
// where the process has no memory left for messages.
#pragma once

#include "core/ids.h"
#include "inbound/message_memory.h"
#include "net/await_spool.h"
#include "net/task.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hermetic::inbound {

class MessageAssembly {
public:
    static constexpr std::size_t kPiece = 256 * 1024;

    // `trace` is the Received field, the message's first bytes. `expected` octets will follow, if
    // the client said so: room is made for them at once. `client`: whose octets a file takes.
    MessageAssembly(net::Core& core, spool::Spool& spool, MessageMemory& memory, BodyId id,
                    std::string client, std::string trace, std::uint64_t expected);
    ~MessageAssembly();
    MessageAssembly(const MessageAssembly&) = delete;
    MessageAssembly& operator=(const MessageAssembly&) = delete;

    void add(std::string_view run);
    // Enough has gathered: flush() before more is added.
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] bool holds_memory() const { return !pending_.empty(); }
    // After a failure the message is lost; its file goes with this object.
    [[nodiscard]] net::Task<Result<void, net::BodyError>> flush();
    // The whole body, in memory or in a file that is synced.
    [[nodiscard]] net::Task<Result<spool::Body, net::BodyError>> finish();

private:
    [[nodiscard]] net::Task<Result<void, net::BodyError>> write_pending();

    net::Core& core_;
    spool::Spool& spool_;
    BodyId id_;
    std::string client_;
    std::size_t threshold_;
    std::string pending_;
    std::unique_ptr<spool::BodyWriter> writer_;
    MessageMemory::Share share_;  // of what is pending, or being written
    bool no_room_ = false;
};

}  // namespace hermetic::inbound
