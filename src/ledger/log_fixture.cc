#include "ledger/log_fixture.h"

#include "ledger/lines.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hermetic::ledger {

std::string words_of(const events::Event& event)
{
    Lines lines{LineFormat::Text, Level::Debug};
    lines.add(event);
    std::string text = std::move(lines.text());
    text.erase(0, std::min(text.find("event="), text.size()));
    if (!text.empty()) text.erase(0, std::string_view{"event="}.size());
    if (text.ends_with('\n')) text.pop_back();
    std::erase(text, '"');
    return text;
}

MemoryLog::MemoryLog(std::vector<events::Subscriber*> subscribers)
    : subscribers_{std::move(subscribers)}
{
}

MemoryLog::~MemoryLog() = default;

void MemoryLog::publish(events::What what)
{
    events::Event event{{}, ++sequence_, std::move(what)};
    const events::Event* const one[] = {&event};
    for (events::Subscriber* each : subscribers_) each->take(one);
    const auto keep = [&]<typename Happened>(Happened& happened) {
        if constexpr (std::is_same_v<Happened, events::SessionEnded>) {
            sessions.push_back(std::move(happened));
        } else if constexpr (std::is_same_v<Happened, events::MessageReceived>) {
            messages.push_back(std::move(happened));
        } else if constexpr (std::is_same_v<Happened, facts::Attempt>) {
            attempts.push_back(std::move(happened));
        } else if constexpr (std::is_same_v<Happened, events::NoticeMade>) {
            notices.push_back(std::move(happened));
        } else if (std::string words = words_of(event); !words.empty()) {
            events.push_back(std::move(words));
        }
    };
    std::visit(keep, event.what);
}

}  // namespace hermetic::ledger
