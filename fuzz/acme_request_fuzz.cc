// Whoever reaches port 80 during an order: what is asked names one token or none, and the answer is
// what its header says.
#include "acme/http_request.h"
#include "core/assert.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    const std::string_view line{reinterpret_cast<const char*>(data), size};
    const auto token = acme::requested_token(line);
    if (token) {
        HERMETIC_ASSERT(!token->empty() && token->find(' ') == std::string_view::npos);
        HERMETIC_ASSERT(line.starts_with("GET "));
    }
    const std::string answer = acme::http_answer(std::string{line});
    const auto body = answer.find("\r\n\r\n");
    HERMETIC_ASSERT(body != std::string::npos);
    HERMETIC_ASSERT(answer.substr(body + 4) == line);
    HERMETIC_ASSERT(answer.find("Content-Length: " + std::to_string(line.size()) + "\r\n") < body);
    return 0;
}
