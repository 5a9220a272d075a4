// A spool in memory that does what a test tells it. For tests only.
#pragma once

#include "spool/spool.h"

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace hermetic::inbound {

// Completes by post to the operation's port, as the real one does.
class FakeSpool final : public spool::Spool {
public:
    using Stored = std::shared_ptr<const spool::StoredMessage>;

    std::size_t threshold = 256 * 1024;
    spool::Pressure now = spool::Pressure::None;
    spool::Durability durability = spool::Durability::Durable;
    std::size_t fail_after = static_cast<std::size_t>(-1);      // octets of a body file: disk full
    spool::BodyFailure failure = spool::BodyFailure::DiskFull;  // for this reason
    bool throws = false;  // pressure() does: a mistake of ours
    std::vector<Stored> stored;
    std::map<std::string, std::string> files;  // finished body files
    std::size_t largest_piece = 0;
    std::string client;  // of the last body file

    // The whole body, wherever it is.
    [[nodiscard]] std::string text(std::size_t message) const
    {
        const spool::Body& body = stored.at(message)->body;
        return body.in_file ? files.at(format_id(body.id)) : std::string{body.bytes.view()};
    }

    void commit(std::vector<Stored> messages, spool::CommitOperation& done) override
    {
        done.result = durability;
        if (durability == spool::Durability::Durable) {
            stored.insert(stored.end(), messages.begin(), messages.end());
        }
        done.port.post({&done});
    }
    void record(spool::Change /*change*/, spool::CommitOperation* /*done*/) override {}
    [[nodiscard]] std::uint64_t epoch() const override { return 1; }
    std::vector<spool::Claimed> claim(std::size_t /*limit*/,
                                      std::optional<MessageId> /*after*/) override
    {
        return {};
    }
    void renew(std::span<const spool::Lease> /*leases*/) override {}
    void load(MessageId /*id*/, spool::LoadOperation& done) override { done.port.post({&done}); }
    std::unique_ptr<spool::BodyWriter> write_body(BodyId id, std::string whose) override
    {
        client = std::move(whose);
        return std::make_unique<Writer>(*this, id);
    }
    std::unique_ptr<spool::BodyReader> open_body(const spool::Body& /*body*/) override
    {
        return nullptr;
    }
    std::size_t body_file_threshold() const override { return threshold; }
    spool::Pressure pressure() const override
    {
        if (throws) throw std::runtime_error{"the spool broke"};
        return now;
    }
    spool::SpoolStatus status() const override { return {}; }
    void close() override {}

private:
    class Writer final : public spool::BodyWriter {
    public:
        Writer(FakeSpool& spool, BodyId id) : spool_{spool}, id_{id} {}
        void append(Bytes bytes, spool::BodyOperation& done) override
        {
            text_ += bytes.view();
            spool_.largest_piece = std::max(spool_.largest_piece, bytes.size());
            if (text_.size() > spool_.fail_after) {
                done.error = "it failed";
                done.failure = spool_.failure;
            }
            done.port.post({&done});
        }
        void finish(spool::BodyOperation& done) override
        {
            spool_.files[format_id(id_)] = text_;
            done.port.post({&done});
        }
        [[nodiscard]] spool::Body body() const override { return {id_, text_.size(), {}, true}; }

    private:
        FakeSpool& spool_;
        BodyId id_;
        std::string text_;
    };
};

}  // namespace hermetic::inbound
