// What people look for, and how long it takes.
#pragma once

#include "evidence/segment.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace evidence_bench {

using Segments = std::vector<std::unique_ptr<Segment>>;

// The keys of one question, with all of which an item is found.
using Question = std::vector<std::uint64_t>;

class Questions {
public:
    // One of each kind about this attempt and its message.
    void ask_about(const Attempt& attempt);
    struct Kind {
        std::string what;
        std::vector<Question> questions;
    };
    [[nodiscard]] const std::vector<Kind>& kinds() const { return kinds_; }

private:
    void ask(std::size_t kind, Question question);
    std::vector<Kind> kinds_{{"recipient", {}},
                             {"message id", {}},
                             {"host", {}},
                             {"certificate", {}},
                             {"a key that nothing has", {}},
                             {"partner's domain, and a word of the subject", {}},
                             {"recipient, and host", {}},
                             {"own domain, and a word of the subject", {}}};
};

// Prints the median and the worst of the first `most` of a kind: all segments from the newest, the
// first hundred items read whole. Keys with many hits are told apart: for them no time is promised.
void measure(const Questions::Kind& kind, Segments& segments, std::size_t most, bool cold);

// Prints how many rows a question without a key reads in 300 ms, evicted.
void measure_scan(Segments& segments);

}  // namespace evidence_bench
