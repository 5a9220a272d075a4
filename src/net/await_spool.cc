#include "net/await_spool.h"

#include "net/core.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

namespace hermetic::net {

namespace asio = boost::asio;

namespace {

using Token = asio::use_awaitable_t<Executor>;
using Resume = asio::async_result<Token, void()>::handler_type;

// An operation that resumes the coroutine in whose frame it lives. complete() runs on the core.
template <typename Operation>
struct Awaited final : Operation {
    explicit Awaited(Core& core) : Operation{core} {}

    void complete() override
    {
        Resume go_on = std::move(*resume);
        resume.reset();
        std::move(go_on)();
    }

    std::optional<Resume> resume;
};

// Starts the operation once the coroutine is ready to be resumed. `start` outlives the await.
template <typename Operation, typename Start>
Task<> wait_for(Awaited<Operation>& operation, Start& start)
{
    auto initiation = [&operation, &start](Resume resume) {
        operation.resume.emplace(std::move(resume));
        start();
    };
    Token token;
    auto done = asio::async_initiate<Token, void()>(std::move(initiation), token);
    co_await std::move(done);
}

Result<void, BodyError> result_of(spool::BodyOperation& operation)
{
    if (operation.error.empty()) return {};
    return failure(BodyError{std::move(operation.error), operation.failure});
}

}  // namespace

Task<spool::Durability> commit(Core& core, spool::Spool& spool,
                               std::vector<std::shared_ptr<const spool::StoredMessage>> messages)
{
    Awaited<spool::CommitOperation> operation{core};
    auto start = [&] { spool.commit(std::move(messages), operation); };
    co_await wait_for(operation, start);
    co_return operation.result;
}

Task<spool::Durability> record(Core& core, spool::Spool& spool, spool::Change change)
{
    Awaited<spool::CommitOperation> operation{core};
    auto start = [&] { spool.record(std::move(change), &operation); };
    co_await wait_for(operation, start);
    co_return operation.result;
}

Task<Result<std::shared_ptr<const spool::StoredMessage>, std::string>> load(Core& core,
                                                                            spool::Spool& spool,
                                                                            MessageId id)
{
    Awaited<spool::LoadOperation> operation{core};
    auto start = [&] { spool.load(id, operation); };
    co_await wait_for(operation, start);
    if (operation.message != nullptr) co_return std::move(operation.message);
    co_return failure(std::move(operation.error));
}

Task<Result<void, BodyError>> append(Core& core, spool::BodyWriter& writer, Bytes bytes)
{
    Awaited<spool::BodyOperation> operation{core};
    auto start = [&] { writer.append(std::move(bytes), operation); };
    co_await wait_for(operation, start);
    co_return result_of(operation);
}

Task<Result<void, BodyError>> finish(Core& core, spool::BodyWriter& writer)
{
    Awaited<spool::BodyOperation> operation{core};
    auto start = [&] { writer.finish(operation); };
    co_await wait_for(operation, start);
    co_return result_of(operation);
}

Task<Result<std::string, BodyError>> read_body(Core& core, spool::BodyReader& reader,
                                               std::uint64_t offset, std::size_t limit)
{
    Awaited<spool::BodyOperation> operation{core};
    auto start = [&] { reader.read(offset, limit, operation); };
    co_await wait_for(operation, start);
    if (auto done = result_of(operation); !done) co_return failure(std::move(done.error()));
    co_return std::move(operation.bytes);
}

}  // namespace hermetic::net
