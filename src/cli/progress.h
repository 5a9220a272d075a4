// Steps of a probe of a partner as lines for people: live on a terminal, plain otherwise.
//
// Pure but for the printing in show(). Steps of one host and address stand together under their
// name.
#pragma once

#include "validation/step.h"

#include <cstdint>
#include <string>

namespace hermetic::cli {

class Progress {
public:
    enum class Kind : std::uint8_t { Terminal, Plain };
    explicit Progress(Kind kind) : kind_{kind} {}
    // As standard output is.
    [[nodiscard]] static Progress for_output();

    // The text to be printed, also to take back what was printed for a running step. A plain
    // output is told of no running step.
    [[nodiscard]] std::string on(const validation::Step& step);
    void show(const validation::Step& step);

private:
    [[nodiscard]] std::string heading(const validation::Step& step);

    Kind kind_;
    std::string under_ = "\n";  // no heading is so
    bool begun_ = false;
    bool running_shown_ = false;
};

}  // namespace hermetic::cli
