// What `hermetic-load send` is asked to do.
#pragma once

#include "load/message_source.h"
#include "load/tls.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hermetic::load {

enum class TlsMode { Off, StartTls, Implicit };

struct SendOptions {
    std::vector<std::string> to;
    std::string from_addresses;
    unsigned connections = 10;
    std::uint64_t messages = 1000;
    std::uint64_t per_connection = 0;  // 0: no limit
    TlsMode tls = TlsMode::Off;
    TlsVersion tls_version = TlsVersion::V13;
    bool resume = false;
    bool pipeline_next = false;
    bool overlap_quit = false;  // the next connection opens while the last waits for its 221
    MessageShape shape{.from = "sender@load.test", .recipient = "u{n}@d{d}.test"};
    std::uint64_t start = 0;
    double rate = 0;   // messages per second; 0: as fast as it goes
    double idle = -1;  // seconds; < 0: not that mode
    unsigned threads = 1;
    double timeout = 600;
    std::string helo = "load.test";
    std::string ready_file;
    std::string accepted_ids;
};

}  // namespace hermetic::load
