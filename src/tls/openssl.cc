#include "tls/openssl.h"

#include "core/assert.h"
#include "core/text.h"

#include <openssl/err.h>

namespace hermetic::tls {

BioPointer memory_bio(std::string_view text)
{
    BioPointer bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    HERMETIC_ASSERT(bio != nullptr);
    return bio;
}

int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/)
{
    return -1;
}

ConfigError config_error(const std::string& path, const FileError& error)
{
    return {path + ": " + error.what, error.expected};
}

std::string take_error_words()
{
    const unsigned long error = ERR_peek_last_error();
    ERR_clear_error();
    if (error == 0) return "unknown error";
    const char* reason = ERR_reason_error_string(error);
    if (reason != nullptr) return printable_ascii(reason, 160);
    char text[160];
    ERR_error_string_n(error, text, sizeof text);
    return printable_ascii(text, 160);
}

}  // namespace hermetic::tls
