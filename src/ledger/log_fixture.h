// A publisher that keeps what is published in memory, and tells subscribers of it at once. For
// tests only.
#pragma once

#include "events/publisher.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hermetic::ledger {

// The line of an event as "event key=value ...", without quotes, time and level; empty: none.
[[nodiscard]] std::string words_of(const events::Event& event);

class MemoryLog final : public events::Publisher {
public:
    explicit MemoryLog(std::vector<events::Subscriber*> subscribers = {});
    ~MemoryLog() override;

    void publish(events::What what) override;
    void flush() override { ++flushes; }

    std::vector<events::SessionEnded> sessions;
    std::vector<events::MessageReceived> messages;
    std::vector<facts::Attempt> attempts;
    std::vector<events::NoticeMade> notices;
    std::vector<std::string> events;  // all others: "event key=value ..."
    int flushes = 0;

private:
    std::vector<events::Subscriber*> subscribers_;
    std::uint64_t sequence_ = 0;
};

}  // namespace hermetic::ledger
