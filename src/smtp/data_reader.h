// DataReader: takes a message out of what follows DATA: finds its end, removes the stuffed dots.
//
// Pure, incremental; the same for every way of splitting the input. RFC 5321 §4.5.2. Only
// CRLF.CRLF ends the message (or .CRLF at its very start): never LF.LF, CR.CR or a mixture.
#pragma once

#include "smtp/text_scanner.h"

namespace hermetic::smtp {

class DataReader {
public:
    explicit DataReader(BareNewline bare) : scanner_{bare, TextScanner::Stop::BeforeDotAtLineStart}
    {
    }

    // The next run; `input` is not empty and the message has not ended. What is left of the input
    // at the end are the client's next commands.
    [[nodiscard]] TextRun next(std::string_view input);

    [[nodiscard]] bool ended() const { return dot_ == Dot::Ended; }
    [[nodiscard]] bool saw_bare_newline() const { return scanner_.saw_bare_newline(); }
    [[nodiscard]] bool saw_nul() const { return scanner_.saw_nul(); }

private:
    enum class Dot : std::uint8_t { None, Seen, SeenCr, Ended };

    TextScanner scanner_;
    Dot dot_ = Dot::None;
};

}  // namespace hermetic::smtp
