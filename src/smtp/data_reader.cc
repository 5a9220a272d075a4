#include "smtp/data_reader.h"

namespace hermetic::smtp {

TextRun DataReader::next(std::string_view input)
{
    switch (dot_) {
    case Dot::None:
        if (scanner_.at_line_start() && input[0] == '.') {
            dot_ = Dot::Seen;
            return {1, {}};
        }
        break;
    case Dot::Seen:
        if (input[0] == '\r') {
            dot_ = Dot::SeenCr;
            return {1, {}};
        }
        dot_ = Dot::None;  // it was stuffed
        scanner_.enter_text();
        break;
    case Dot::SeenCr:
        if (input[0] == '\n') {
            dot_ = Dot::Ended;
            return {1, {}};
        }
        dot_ = Dot::None;
        scanner_.enter_after_cr();
        return {0, "\r"};
    case Dot::Ended:
        return {};
    }
    return scanner_.next(input);
}

}  // namespace hermetic::smtp
