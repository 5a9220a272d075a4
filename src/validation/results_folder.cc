#include "validation/results_folder.h"

#include "core/read_file.h"
#include "validation/name_hash.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace hermetic::validation {
namespace {

constexpr std::size_t kMaxSize = 1ULL << 20;
constexpr std::size_t kMaxOldSize = 64ULL << 20;  // of the one file of before
constexpr std::string_view kEnd = ".json";

std::string words(const std::string& file, const char* what)
{
    return file + ": " + what + ": " + std::strerror(errno);
}

Result<Reports, std::string> read(const std::string& file, std::size_t max_size)
{
    const auto text = read_file(file, max_size);
    if (!text) return failure(file + ": " + text.error().what);
    auto reports = parse_reports(text->octets);
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

}  // namespace

// A connector's name may have any character and length, a file's may not.
std::string ResultsFolder::file_of(const objects::OwnedName& connector) const
{
    std::string text = connector.organization;
    if (!text.empty()) text += '\n';  // none has one in its name
    text += connector.name;
    return fmt::format("{}/{:016x}{}", path_, name_hash(text), kEnd);
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
    return write(file_of(connector_of(report)), format_reports({{connector_of(report), report}}));
}

void ResultsFolder::remove(const objects::OwnedName& connector)
{
    std::error_code error;
    std::filesystem::remove(file_of(connector), error);
}

}  // namespace hermetic::validation
