// The mail that waits in tests/crash/fixtures/spool-N: every kind of message and every field that
// records of that time have.
//
// The folders were written by write_spool_fixture, built from the commit that last wrote such
// records. What a later version adds has its default in these messages. A version whose records
// differ gets a folder and a description of its own; those there are stay.
#pragma once

#include "spool/spool.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::crash {

struct WaitingMail {
    std::string what;  // for people: "held"
    std::shared_ptr<const spool::StoredMessage> message;
    std::string body;             // whole; of a body in a file too
    bool second_opening = false;  // still in the log of the store, not yet in its tables
};

// In the order of their ids.
[[nodiscard]] std::vector<WaitingMail> mail_of_version_1();
// What came after it: the message's own requests for TLS, the history of its attempts, checksums of
// body files, and the file `identity`.
[[nodiscard]] std::vector<WaitingMail> mail_of_version_2();
// Then: who held or released the message.
[[nodiscard]] std::vector<WaitingMail> mail_of_version_3();

// Bodies longer than this are files in the fixture (octets).
inline constexpr std::size_t kFixtureBodyThreshold = 1024;

}  // namespace hermetic::crash
