#include "validation/results_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace hermetic::validation {
namespace {

constexpr std::uintmax_t kMaxSize = 64ULL << 20;

std::string words(const std::string& file, const char* what)
{
    return file + ": " + what + ": " + std::strerror(errno);
}

}  // namespace

Result<Reports, std::string> load_reports(const std::string& file)
{
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error == std::errc::no_such_file_or_directory) return Reports{};
    if (error) return failure(file + ": " + error.message());
    if (size > kMaxSize) return failure(file + ": too large to be ours");
    std::ifstream stream{file, std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return failure(words(file, "cannot be read"));
    auto reports = parse_reports(text.str());
    if (!reports) return failure(file + ": not what this server wrote");
    return *std::move(reports);
}

Result<void, std::string> store_reports(const std::string& file, const Reports& reports)
{
    const std::string fresh = file + ".new";
    const std::string text = format_reports(reports);
    std::FILE* const out = std::fopen(fresh.c_str(), "wb");
    if (out == nullptr) return failure(words(fresh, "cannot be written"));
    const bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
    const bool flushed = std::fflush(out) == 0;
    const bool closed = std::fclose(out) == 0;
    if (!written || !flushed || !closed) {
        auto what = words(fresh, "cannot be written");
        ::unlink(fresh.c_str());
        return failure(std::move(what));
    }
    if (std::rename(fresh.c_str(), file.c_str()) != 0)
        return failure(words(file, "cannot be replaced"));
    return {};
}

}  // namespace hermetic::validation
