#include "core/read_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace hermetic {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
// A file of /proc or of a network says 0, whatever is in it.
constexpr std::size_t kFirstBlock = 4096;

class Descriptor {
public:
    explicit Descriptor(int number) : number_{number} {}
    ~Descriptor()
    {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

FileError system_error(int error)
{
    return {error == ENOENT ? FileError::Kind::Missing : FileError::Kind::Unreadable,
            std::strerror(error), "a file that exists and that this user may read"};
}

const char* name_of_kind(mode_t mode)
{
    if (S_ISDIR(mode)) return "it is a directory";
    if (S_ISFIFO(mode)) return "it is a named pipe";
    if (S_ISSOCK(mode)) return "it is a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "it is a device";
    return "it is no regular file";
}

FileError not_regular(mode_t mode)
{
    return {FileError::Kind::NotRegular, name_of_kind(mode), "a regular file"};
}

FileError too_large(std::size_t max_octets)
{
    const std::string bound = max_octets % kMiB == 0 ? std::to_string(max_octets / kMiB) + " MiB"
                                                     : std::to_string(max_octets) + " octets";
    return {FileError::Kind::TooLarge, "it is larger than " + bound, "a file of at most " + bound};
}

// A longer one in its place; what the shorter one held is wiped: it may be a password.
void grow(std::string& octets, std::size_t length)
{
    std::string longer(length, '\0');
    std::copy(octets.begin(), octets.end(), longer.begin());
    ::explicit_bzero(octets.data(), octets.size());
    octets.swap(longer);
}

// At most `octets`.
Result<std::string, FileError> read_octets(int descriptor, std::uint64_t size, std::size_t octets)
{
    // One more than there should be: the end shows without growing.
    const std::uint64_t expected = std::max<std::uint64_t>(size + 1, kFirstBlock);
    std::string text(static_cast<std::size_t>(std::min<std::uint64_t>(expected, octets)), '\0');
    std::size_t have = 0;
    while (have < octets) {
        if (have == text.size()) grow(text, std::min(octets, 2 * have));
        const ssize_t got = ::read(descriptor, text.data() + have, text.size() - have);
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int error = errno;
            ::explicit_bzero(text.data(), text.size());
            return failure(system_error(error));
        }
        have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
}

}  // namespace

Result<FileText, FileError> read_file_start(const std::string& path, std::size_t octets)
{
    struct stat status {};
    // Before it is opened: opening alone rewinds a tape, or takes a line.
    if (::stat(path.c_str(), &status) != 0) return failure(system_error(errno));
    if (!S_ISREG(status.st_mode)) return failure(not_regular(status.st_mode));
    // It may be a pipe by now: that would wait for a writer.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file.number() < 0 || ::fstat(file.number(), &status) != 0)
        return failure(system_error(errno));
    if (!S_ISREG(status.st_mode)) return failure(not_regular(status.st_mode));

    FileText text;
    text.size = static_cast<std::uint64_t>(status.st_size);
    text.mode = status.st_mode & 07777U;
    text.exposed = (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
    auto read = read_octets(file.number(), text.size, octets);
    if (!read) return failure(read.error());
    text.octets = *std::move(read);
    return text;
}

Result<FileText, FileError> read_file(const std::string& path, std::size_t max_octets)
{
    auto text = read_file_start(path, max_octets + 1);
    if (!text || text->octets.size() <= max_octets) return text;
    ::explicit_bzero(text->octets.data(), text->octets.size());
    return failure(too_large(max_octets));
}

}  // namespace hermetic
