#include "validation/results_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <unistd.h>

namespace hermetic::validation {
namespace {

constexpr std::uintmax_t kMaxSize = 1ULL << 20;
constexpr std::uintmax_t kMaxOldSize = 64ULL << 20;  // of the one file of before
constexpr std::string_view kEnd = ".json";

std::string words(const std::string& file, const char* what)
{
    return file + ": " + what + ": " + std::strerror(errno);
}

Result<Reports, std::string> read(const std::string& file, std::uintmax_t max_size)
{
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error) return failure(file + ": " + error.message());
    if (size > max_size) return failure(file + ": too large to be ours");
    std::ifstream stream{file, std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return failure(words(file, "cannot be read"));
    auto reports = parse_reports(text.str());
    if (!reports) return failure(file + ": not what this server wrote");
    return *std::move(reports);
}

Result<void, std::string> write(const std::string& file, const std::string& text)
{
    const std::string fresh = file + ".new";
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

// FNV-1a: a connector's name may have any character and length, a file's may not.
std::uint64_t hash(std::string_view text)
{
    std::uint64_t value = 14695981039346656037ULL;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 1099511628211ULL;
    }
    return value;
}

}  // namespace

std::string ResultsFolder::file_of(std::string_view connector) const
{
    return fmt::format("{}/{:016x}{}", path_, hash(connector), kEnd);
}

ResultsFolder::Kept ResultsFolder::load()
{
    Kept kept;
    take_over(kept);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{path_, error}) {
        if (entry.path().extension() != kEnd) continue;
        auto reports = read(entry.path(), kMaxSize);
        if (!reports) {
            kept.fault = reports.error();
            continue;
        }
        kept.reports.merge(*reports);
    }
    if (error && error != std::errc::no_such_file_or_directory)
        kept.fault = path_ + ": " + error.message();
    return kept;
}

void ResultsFolder::take_over(Kept& kept)
{
    const std::string old = path_ + std::string{kEnd};
    std::error_code error;
    if (!std::filesystem::exists(old, error)) return;
    auto reports = read(old, kMaxOldSize);
    if (!reports) {
        kept.fault = reports.error();
        return;
    }
    for (const auto& [connector, report] : *reports) {
        if (auto stored = store(report); !stored) {
            kept.fault = stored.error();
            return;
        }
    }
    std::filesystem::remove(old, error);
}

Result<void, std::string> ResultsFolder::store(const Report& report)
{
    std::error_code error;
    std::filesystem::create_directory(path_, error);
    if (error) return failure(path_ + ": " + error.message());
    return write(file_of(report.connector), format_reports({{report.connector, report}}));
}

void ResultsFolder::remove(std::string_view connector)
{
    std::error_code error;
    std::filesystem::remove(file_of(connector), error);
}

}  // namespace hermetic::validation
