#include "smtp/message_intake.h"

#include "smtp/refusals.h"

#include <limits>

namespace hermetic::smtp {
namespace {

BareNewline bare_newline_mode(const config::LimitOptions& limits)
{
    return limits.bare_newlines == config::BareNewlines::Repair ? BareNewline::Repair
                                                                : BareNewline::Keep;
}

std::variant<DataReader, ChunkReader> make_reader(MessageIntake::Framing framing, BareNewline bare)
{
    if (framing == MessageIntake::Framing::Data) return DataReader{bare};
    return ChunkReader{bare};
}

}  // namespace

std::uint64_t swallow_limit(const config::LimitOptions& limits)
{
    constexpr std::uint64_t kAtLeast = 64ULL << 20;
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / 8;
    if (limits.message_size > kMost) return kMost;
    return limits.message_size * 4 + kAtLeast;
}

MessageIntake::MessageIntake(Framing framing, const config::LimitOptions& limits)
    : limits_{limits},
      reader_{make_reader(framing, bare_newline_mode(limits))},
      cut_off_after_{swallow_limit(limits)}
{
}

MessageIntake::Framing MessageIntake::framing() const
{
    return std::holds_alternative<DataReader>(reader_) ? Framing::Data : Framing::Chunks;
}

void MessageIntake::begin_chunk(std::uint64_t octets, ChunkReader::Last last)
{
    std::get<ChunkReader>(reader_).begin_chunk(octets, last);
}

bool MessageIntake::is_last_chunk() const
{
    const auto* chunks = std::get_if<ChunkReader>(&reader_);
    return chunks == nullptr || chunks->is_last();
}

// A first line that begins with a blank is no header field (RFC 5322 §2.2). Behind a trace field it
// would continue that one (§2.2.3), and forge what this server says of the client.
bool MessageIntake::begins_with_blank(std::string_view input)
{
    if (begun_ || input.empty()) return false;
    auto ahead = reader_;  // knows which dots are stuffed
    const std::string_view first = input.substr(0, 1);
    const std::string_view run =
        std::visit([first](auto& reader) { return reader.next(first).run; }, ahead);
    begun_ = !run.empty();
    return begun_ && (run.front() == ' ' || run.front() == '\t');
}

MessageIntake::Piece MessageIntake::next(std::string_view input)
{
    constexpr std::string_view kEmptyLine = "\r\n";
    if (begins_with_blank(input)) {
        header_.feed(kEmptyLine);  // what follows is the body
        return {0, refusal_ == nullptr ? kEmptyLine : std::string_view{}, false, false};
    }
    Piece piece;
    if (auto* data = std::get_if<DataReader>(&reader_)) {
        if (!input.empty()) {
            const TextRun text = data->next(input);
            piece = {text.consumed, text.run, data->ended(), false};
        }
        judge(piece.run, data->saw_bare_newline(), data->saw_nul());
    } else {
        auto& chunks = std::get<ChunkReader>(reader_);
        const TextRun text = chunks.next(input);
        piece = {text.consumed, text.run, chunks.chunk_ended(), false};
        judge(piece.run, chunks.saw_bare_newline(), chunks.saw_nul());
    }
    piece.cut_off = !piece.finished && octets_ > cut_off_after_;
    if (refusal_ != nullptr) piece.run = {};
    return piece;
}

std::string_view MessageIntake::finish()
{
    auto* chunks = std::get_if<ChunkReader>(&reader_);
    if (chunks == nullptr) return {};
    const std::string_view rest = chunks->finish();
    judge(rest, chunks->saw_bare_newline(), chunks->saw_nul());
    return refusal_ == nullptr ? rest : std::string_view{};
}

void MessageIntake::refuse(const RefusalKind& why)
{
    if (refusal_ == nullptr) refusal_ = &why;
}

void MessageIntake::judge(std::string_view run, bool bare_newline, bool nul)
{
    octets_ += run.size();
    if (refusal_ != nullptr) return;
    header_.feed(run);
    if (bare_newline && limits_.bare_newlines == config::BareNewlines::Refuse) {
        refuse(refusal::kMessageBareNewline);
    }
    if (nul) refuse(refusal::kMessageNul);
    if (octets_ > limits_.message_size) refuse(refusal::kLimitSize);
    if (header_.header_octets() > limits_.header_size) refuse(refusal::kLimitHeaderSize);
    if (header_.received_fields() > limits_.received_fields) refuse(refusal::kMessageLoop);
}

}  // namespace hermetic::smtp
