#include "evidence/questions.h"

#include "evidence/octets.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

namespace evidence_bench {
namespace {

double now_ms()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::milli>(now).count();
}

struct Answer {
    std::size_t hits = 0;
    std::size_t read = 0;
};

Answer answer(Segments& segments, const Question& question)
{
    constexpr std::size_t kItems = 100;
    Answer answer;
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        auto items = (*segment)->find(question.front());
        for (std::size_t i = 1; i < question.size() && !items.empty(); ++i) {
            const auto others = (*segment)->find(question[i]);
            std::vector<std::uint32_t> both;
            std::ranges::set_intersection(items, others, std::back_inserter(both));
            items = std::move(both);
        }
        answer.hits += items.size();
        for (auto item = items.rbegin(); item != items.rend() && answer.read < kItems; ++item)
            answer.read += (*segment)->read(*item).empty() ? 0 : 1;
    }
    return answer;
}

void print(const std::string& what, std::string_view memory, std::vector<double> times,
           std::size_t hits)
{
    if (times.empty()) return;
    std::ranges::sort(times);
    fmt::print("{:40} {} {:3} times: median {:7.2f} ms, worst {:7.2f} ms, at most {} hits\n", what,
               memory, times.size(), times[times.size() / 2], times.back(), hits);
    std::fflush(stdout);
}

}  // namespace

void Questions::ask(std::size_t kind, Question question)
{
    kinds_[kind].questions.push_back(std::move(question));
}

void Questions::ask_about(const Attempt& attempt)
{
    const Message& message = *attempt.message;
    const auto& to = message.recipients.front();
    const auto recipient = key_of(kRecipient, full_address(to.local, to.domain));
    const auto host = key_of(kHost, attempt.host);
    const auto word = key_of(kWord, message.subject.substr(message.subject.rfind(' ') + 1));
    const auto from = key_of(kSenderDomain, message.sender_domain);
    const auto towards = key_of(kRecipientDomain, to.domain);
    const std::string_view certificate{reinterpret_cast<const char*>(&attempt.certificate),
                                       sizeof attempt.certificate};
    ask(0, {recipient});
    ask(1, {key_of(kMessageId, message.message_id)});
    ask(2, {host});
    ask(3, {key_of(kCertificate, certificate)});
    ask(4, {key_of(kMessageId, message.subject)});
    ask(5, {message.inbound ? from : towards, word});
    ask(6, {recipient, host});
    ask(7, {word, message.inbound ? towards : from});
}

void measure(const Questions::Kind& kind, Segments& segments, std::size_t most, bool cold)
{
    constexpr std::size_t kSelective = 10'000;  // hits
    struct Times {
        std::vector<double> ms;
        std::size_t hits = 0;
    };
    Times selective;
    Times others;
    for (std::size_t i = 0; i < kind.questions.size() && i < most; ++i) {
        const Question& question = kind.questions[i];
        if (cold)
            for (auto& segment : segments) segment->evict();
        else
            (void)answer(segments, question);
        const double before = now_ms();
        const std::size_t hits = answer(segments, question).hits;
        Times& times = hits <= kSelective ? selective : others;
        times.ms.push_back(now_ms() - before);
        times.hits = std::max(times.hits, hits);
    }
    const std::string_view memory = cold ? "cold" : "warm";
    print(kind.what, memory, selective.ms, selective.hits);
    print(kind.what + ", frequent", memory, others.ms, others.hits);
}

void measure_scan(Segments& segments)
{
    constexpr double kTime = 300;  // ms
    for (auto& segment : segments) segment->evict();
    const double end = now_ms() + kTime;
    std::size_t rows = 0;
    for (auto segment = segments.rbegin(); segment != segments.rend() && now_ms() < end; ++segment)
        rows += (*segment)->scan([end] { return now_ms() >= end; });
    fmt::print("a scan of {:.0f} ms, cold: {} rows\n", kTime, rows);
}

}  // namespace evidence_bench
