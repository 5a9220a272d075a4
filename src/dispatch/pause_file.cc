#include "dispatch/pause_file.h"

#include "core/read_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <unistd.h>

namespace hermetic::dispatch {

namespace {

constexpr std::size_t kMostOctets = 16U << 20;

std::string words(const std::string& file, const char* what)
{
    return file + ": " + what + ": " + std::strerror(errno);
}

struct Close {
    void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

bool write_durably(const std::string& file, const std::string& text)
{
    const std::unique_ptr<std::FILE, Close> out{std::fopen(file.c_str(), "wbe")};
    return out && std::fwrite(text.data(), 1, text.size(), out.get()) == text.size() &&
           std::fflush(out.get()) == 0 && ::fsync(::fileno(out.get())) == 0;
}

bool sync_directory(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool synced = ::fsync(descriptor) == 0;
    ::close(descriptor);
    return synced;
}

}  // namespace

std::string pause_file_of(const std::string& data_directory)
{
    return data_directory + "/paused-destinations";
}

Result<queue::Pauses, std::string> load_pauses(const std::string& path)
{
    constexpr const char* kRemedy =
        "; restore it; or correct its lines and leave out the last one, \"crc32c …\"; or remove "
        "it: "
        "then nothing is paused (`hermetic queue pause`)";
    const auto text = read_file(path, kMostOctets);
    if (!text && text.error().kind == FileError::Kind::Missing) return queue::Pauses{};
    if (!text) return failure(path + ": " + text.error().what + kRemedy);
    auto pauses = queue::parse_pauses(text->octets);
    if (!pauses) return failure(path + ": " + pauses.error() + kRemedy);
    return *std::move(pauses);
}

Result<void, std::string> save_pauses(const std::string& path, const queue::Pauses& pauses)
{
    const std::string fresh = path + ".new";
    if (!write_durably(fresh, queue::format_pauses(pauses))) {
        auto what = words(fresh, "cannot be written");
        ::unlink(fresh.c_str());
        return failure(std::move(what));
    }
    if (std::rename(fresh.c_str(), path.c_str()) != 0)
        return failure(words(path, "cannot be replaced"));
    if (!sync_directory(std::filesystem::path{path}.parent_path()))
        return failure(words(path, "its directory cannot be synced"));
    return {};
}

}  // namespace hermetic::dispatch
