// A log that keeps deliveries, notices and events in memory. For tests only.
#pragma once

#include "ledger/log.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::ledger {

class MemoryLog final : public Log {
public:
    void session(SessionFacts) override {}
    void message(MessageFacts) override {}
    void attempt(facts::Attempt attempt) override { attempts.push_back(std::move(attempt)); }
    void notice(NoticeFacts notice) override { notices.push_back(std::move(notice)); }
    void event(Level, std::string_view event, std::vector<Field> fields) override
    {
        std::string text{event};
        for (const auto& [key, value] : fields) text += " " + std::string{key} + "=" + value;
        events.push_back(std::move(text));
    }
    void reopen() override {}
    void flush() override {}

    std::vector<facts::Attempt> attempts;
    std::vector<NoticeFacts> notices;
    std::vector<std::string> events;  // "event key=value ..."
};

}  // namespace hermetic::ledger
