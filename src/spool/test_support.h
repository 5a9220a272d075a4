// For tests only: messages to store, a port that completes on any thread, a listener that
// remembers.
#pragma once

#include "core/ids.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "spool/spool.h"

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace hermetic::spool::testing {

// In memory where the machine has such a file system: tests wait for no disk.
[[nodiscard]] inline std::filesystem::path memory_or_disk()
{
    return std::filesystem::is_directory("/dev/shm") ? std::filesystem::path{"/dev/shm"}
                                                     : std::filesystem::temp_directory_path();
}

// A directory of its own, removed with everything in it.
class TemporaryDirectory {
public:
    TemporaryDirectory() : TemporaryDirectory{memory_or_disk()} {}
    explicit TemporaryDirectory(const std::filesystem::path& parent)
    {
        std::string name = (parent / "hermetic-spool-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    ~TemporaryDirectory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

// Completes at once, on the spool's thread.
class ImmediatePort final : public CompletionPort {
public:
    void post(std::vector<Completion*> done) override
    {
        {
            const std::lock_guard lock{mutex_};
            batches_.push_back(done.size());
        }
        for (Completion* completion : done) completion->complete();
    }
    [[nodiscard]] std::vector<std::size_t> batches() const
    {
        const std::lock_guard lock{mutex_};
        return batches_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::size_t> batches_;
};

// An operation to wait for.
template <typename Operation>
class Waitable final : public Operation {
public:
    explicit Waitable(CompletionPort& completion_port) : Operation{completion_port} {}

    void complete() override
    {
        const std::lock_guard lock{mutex_};
        done_ = true;
        wake_.notify_all();  // under the lock: the waiter destroys this as soon as it has it
    }
    Waitable& wait()
    {
        std::unique_lock lock{mutex_};
        wake_.wait(lock, [this] { return done_; });
        return *this;
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool done_ = false;
};

class RememberingListener final : public SpoolListener {
public:
    void on_stored(std::vector<std::shared_ptr<const StoredMessage>> messages) override
    {
        const std::lock_guard lock{mutex_};
        for (const auto& message : messages) stored_.push_back(message->id);
        ++groups_;
        wake_.notify_all();
    }
    void on_recorded(std::vector<Change> changes) override
    {
        const std::lock_guard lock{mutex_};
        for (const Change& change : changes) recorded_.push_back(change.lease.id);
        wake_.notify_all();
    }
    [[nodiscard]] std::vector<MessageId> stored() const
    {
        const std::lock_guard lock{mutex_};
        return stored_;
    }
    [[nodiscard]] std::vector<MessageId> recorded() const
    {
        const std::lock_guard lock{mutex_};
        return recorded_;
    }
    [[nodiscard]] std::size_t groups() const
    {
        const std::lock_guard lock{mutex_};
        return groups_;
    }
    void wait_until_recorded(std::size_t count)
    {
        std::unique_lock lock{mutex_};
        wake_.wait(lock, [&] { return recorded_.size() >= count; });
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<MessageId> stored_;
    std::vector<MessageId> recorded_;
    std::size_t groups_ = 0;
};

// Makes messages whose ids ascend and never repeat.
class MessageMaker {
public:
    explicit MessageMaker(std::uint64_t seed = 1) : ids_{seed, 0} {}

    [[nodiscard]] MessageId message_id() { return ids_.next<MessageId>(kWhen); }
    [[nodiscard]] BodyId body_id() { return ids_.next<BodyId>(kWhen); }

    [[nodiscard]] Body body(std::string text)
    {
        Body body;
        body.id = body_id();
        body.size = text.size();
        body.bytes = Bytes{std::move(text)};
        return body;
    }

    [[nodiscard]] std::shared_ptr<const StoredMessage> message(Body body)
    {
        auto message = std::make_shared<StoredMessage>();
        message->id = message_id();
        message->body = std::move(body);
        message->envelope = envelope(message->id, message->body.size);
        return message;
    }
    [[nodiscard]] std::shared_ptr<const StoredMessage> message(std::string text)
    {
        return message(body(std::move(text)));
    }

    [[nodiscard]] static std::shared_ptr<const mail::Envelope> envelope(const MessageId& id,
                                                                        std::uint64_t size)
    {
        auto envelope = std::make_shared<mail::Envelope>();
        envelope->accepted_as = id;
        envelope->sender = mail::Mailbox{"sender", *mail::Domain::parse("sender.test")};
        envelope->recipients.push_back(
            {mail::Mailbox{"user", *mail::Domain::parse("example.org")}, 0, {}});
        envelope->accepted_at = kWhen;
        envelope->size = size;
        envelope->organization = "Example";
        envelope->arrival.protocol = "ESMTPS";
        return envelope;
    }

private:
    static constexpr WallTime kWhen{std::chrono::milliseconds{1'795'000'000'000}};
    IdSource ids_;
};

// The spool's calls as one would write them without threads.
class Driver {
public:
    explicit Driver(Spool& spool) : spool_{spool} {}

    Durability commit(std::vector<std::shared_ptr<const StoredMessage>> messages)
    {
        Waitable<CommitOperation> done{port_};
        spool_.commit(std::move(messages), done);
        return done.wait().result;
    }
    Durability commit(std::shared_ptr<const StoredMessage> message)
    {
        return commit(std::vector{std::move(message)});
    }
    Durability record(Change change)
    {
        Waitable<CommitOperation> done{port_};
        spool_.record(std::move(change), &done);
        return done.wait().result;
    }
    // What is loaded, or null; `error` as the spool gave it.
    std::shared_ptr<const StoredMessage> load(const MessageId& id, std::string* error = nullptr)
    {
        Waitable<LoadOperation> done{port_};
        spool_.load(id, done);
        done.wait();
        if (error != nullptr) *error = done.error;
        return done.message;
    }
    // The empty text where it went well.
    std::string append(BodyWriter& writer, std::string text)
    {
        Waitable<BodyOperation> done{port_};
        writer.append(Bytes{std::move(text)}, done);
        return done.wait().error;
    }
    std::string finish(BodyWriter& writer)
    {
        Waitable<BodyOperation> done{port_};
        writer.finish(done);
        return done.wait().error;
    }
    // The whole body, or "error: …".
    std::string read(const Body& body, std::size_t step = 64 << 10)
    {
        const auto reader = spool_.open_body(body);
        std::string text;
        for (;;) {
            Waitable<BodyOperation> done{port_};
            reader->read(text.size(), step, done);
            done.wait();
            if (!done.error.empty()) return "error: " + done.error;
            if (done.bytes.empty()) return text;
            text += done.bytes;
        }
    }
    // Everything that waits and is not held, by id.
    std::map<MessageId, Claimed> claim_all(std::size_t page = 1000)
    {
        std::map<MessageId, Claimed> all;
        std::optional<MessageId> after;
        for (;;) {
            auto claimed = spool_.claim(page, after);
            if (claimed.empty()) return all;
            after = claimed.back().lease.id;
            for (Claimed& one : claimed) all.emplace(one.lease.id, std::move(one));
        }
    }

    [[nodiscard]] Change finished(const MessageId& id) const
    {
        Change change;
        change.kind = Change::Kind::Finished;
        change.lease = {id, spool_.epoch()};
        return change;
    }
    [[nodiscard]] Change deferred(const MessageId& id, MessageState state) const
    {
        Change change = finished(id);
        change.kind = Change::Kind::Deferred;
        change.state = std::move(state);
        return change;
    }

    [[nodiscard]] ImmediatePort& port() { return port_; }

private:
    Spool& spool_;
    ImmediatePort port_;
};

// A body with a known end, of any length, that no compression shortens to nothing.
[[nodiscard]] inline std::string make_text(std::size_t length, std::uint64_t seed)
{
    std::string text(length, '\0');
    std::uint64_t mixed = seed * 0x9e3779b97f4a7c15ULL + 1;
    for (char& octet : text) {
        mixed = mixed * 6364136223846793005ULL + 1442695040888963407ULL;
        octet = static_cast<char>('!' + (mixed >> 58));
    }
    return text;
}

}  // namespace hermetic::spool::testing
