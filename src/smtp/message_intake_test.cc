#include "smtp/message_intake.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::smtp {
namespace {

using Framing = MessageIntake::Framing;

struct Taken {
    std::string message;
    std::uint64_t octets = 0;
    std::uint32_t received_fields = 0;
    bool refused = false;
    bool operator==(const Taken&) const = default;
};

void feed(MessageIntake& intake, std::string_view input, std::size_t step, std::string& message)
{
    while (!input.empty()) {
        std::string_view left = input.substr(0, step);
        input.remove_prefix(left.size());
        while (!left.empty()) {
            const auto piece = intake.next(left);
            message += piece.run;
            left.remove_prefix(piece.consumed);
        }
    }
}

// `content` in one chunk, or as DATA with its end; arriving `step` octets at a time.
Taken take(Framing framing, const std::string& content, std::size_t step)
{
    const config::LimitOptions limits;
    MessageIntake intake{framing, limits};
    Taken taken;
    if (framing == Framing::Chunks) intake.begin_chunk(content.size(), ChunkReader::Last::Yes);
    feed(intake, framing == Framing::Data ? content + ".\r\n" : content, step, taken.message);
    taken.message += intake.finish();
    taken.octets = intake.octets();
    taken.received_fields = intake.header().received_fields();
    taken.refused = intake.refusal() != nullptr;
    return taken;
}

// A server's own Received field stands before the message: a blank would continue it.
TEST(MessageIntake, PutsAnEmptyLineBeforeAMessageThatBeginsWithABlank)
{
    for (const std::string first : {" by forged.example\r\n", "\tx\r\n", " \r\n", "\t\r\n"}) {
        const std::string content = first + "Received: x\r\n\r\nbody\r\n";
        for (const auto framing : {Framing::Data, Framing::Chunks}) {
            for (std::size_t step = 1; step <= content.size() + 3; ++step) {
                const Taken expected{"\r\n" + content, content.size(), 0, false};
                EXPECT_EQ(take(framing, content, step), expected) << first << step;
            }
        }
    }
}

TEST(MessageIntake, LooksBehindAStuffedDot)
{
    for (std::size_t step = 1; step < 12; ++step) {
        EXPECT_EQ(take(Framing::Data, ". x\r\n", step).message, "\r\n x\r\n") << step;
        EXPECT_EQ(take(Framing::Data, ".. x\r\n", step).message, ". x\r\n") << step;
        EXPECT_EQ(take(Framing::Chunks, ". x\r\n", step).message, ". x\r\n") << step;
    }
}

TEST(MessageIntake, ChangesNoOtherMessage)
{
    for (const std::string content :
         {"", "\r\n x\r\n", "Subject: x\r\n y\r\n\r\n z\r\n", "no field\r\n x\r\n"}) {
        for (const auto framing : {Framing::Data, Framing::Chunks}) {
            for (std::size_t step = 1; step <= content.size() + 3; ++step)
                EXPECT_EQ(take(framing, content, step).message, content) << content << step;
        }
    }
}

TEST(MessageIntake, PutsOneEmptyLineHoweverManyChunksThereAre)
{
    const config::LimitOptions limits;
    MessageIntake intake{Framing::Chunks, limits};
    std::string message;
    for (const std::string chunk : {" ", " x\r\n", " y\r\n"}) {
        intake.begin_chunk(chunk.size(), ChunkReader::Last::No);
        feed(intake, chunk, chunk.size(), message);
    }
    intake.begin_chunk(0, ChunkReader::Last::Yes);
    message += intake.finish();
    EXPECT_EQ(message, "\r\n  x\r\n y\r\n");
    EXPECT_EQ(intake.octets(), 9U) << "what the client is told of BDAT is what it sent";
}

}  // namespace
}  // namespace hermetic::smtp
