#include "load/id_set.h"

#include <array>
#include <memory>

namespace hermetic::load {
namespace {

constexpr std::uint64_t kPieceBits = 18;
constexpr std::uint64_t kPieceIds = std::uint64_t{1} << kPieceBits;

}  // namespace

struct IdSet::Piece {
    std::array<std::atomic<std::uint64_t>, kPieceIds / 64> words{};
};

IdSet::IdSet() : pieces_(kLimit >> kPieceBits)
{
}

IdSet::~IdSet()
{
    for (auto& piece : pieces_) {
        delete piece.load();
    }
}

IdSet::Piece& IdSet::piece_of(std::uint64_t number)
{
    auto& slot = pieces_[number >> kPieceBits];
    Piece* piece = slot.load(std::memory_order_acquire);
    if (piece != nullptr) {
        return *piece;
    }
    auto fresh = std::make_unique<Piece>();
    if (slot.compare_exchange_strong(piece, fresh.get(), std::memory_order_acq_rel)) {
        return *fresh.release();
    }
    return *piece;
}

bool IdSet::insert(std::uint64_t number)
{
    const std::uint64_t inside = number % kPieceIds;
    const std::uint64_t bit = std::uint64_t{1} << (inside % 64);
    auto& word = piece_of(number).words[inside / 64];
    return (word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
}

bool IdSet::contains(std::uint64_t number) const
{
    if (number >= kLimit) {
        return false;
    }
    const Piece* piece = pieces_[number >> kPieceBits].load(std::memory_order_acquire);
    const std::uint64_t inside = number % kPieceIds;
    return piece != nullptr &&
           ((piece->words[inside / 64].load(std::memory_order_relaxed) >> (inside % 64)) & 1) != 0;
}

std::uint64_t IdSet::count_in(std::uint64_t first, std::uint64_t count) const
{
    std::uint64_t found = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        found += contains(first + i) ? 1 : 0;
    }
    return found;
}

void IdSet::for_each(const std::function<void(std::uint64_t)>& visit) const
{
    for (std::uint64_t i = 0; i < pieces_.size(); ++i) {
        if (pieces_[i].load(std::memory_order_acquire) == nullptr) {
            continue;
        }
        for (std::uint64_t number = i << kPieceBits; number < (i + 1) << kPieceBits; ++number) {
            if (contains(number)) {
                visit(number);
            }
        }
    }
}

}  // namespace hermetic::load
