#include "smtp/line_skip.h"

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace hermetic::smtp {

#if defined(__SSE2__)

namespace {

constexpr std::size_t kBlock = 16;

// One bit for each octet of the block that is `octet`.
unsigned where(__m128i block, char octet)
{
    const __m128i equal = _mm_cmpeq_epi8(block, _mm_set1_epi8(octet));
    return static_cast<unsigned>(_mm_movemask_epi8(equal));
}

}  // namespace

std::size_t skip_clean_lines(std::string_view text, LeadingDots dots)
{
    constexpr unsigned kAll = (1U << kBlock) - 1;
    std::size_t clean = 0;
    unsigned after_cr = 0;  // 1: the octet before the block is a CR
    unsigned after_lf = 0;
    for (std::size_t at = 0; at + kBlock <= text.size(); at += kBlock) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const unsigned cr = where(block, '\r');
        const unsigned lf = where(block, '\n');
        if (((cr << 1U | after_cr) & kAll) != lf) return clean;
        if (dots == LeadingDots::Stop) {
            const unsigned begins = lf << 1U | after_lf;
            if (begins != 0 && (begins & where(block, '.')) != 0) return clean;
        }
        if (lf != 0) clean = at + static_cast<std::size_t>(std::bit_width(lf));
        after_cr = cr >> (kBlock - 1);
        after_lf = lf >> (kBlock - 1);
    }
    return clean;
}

#else

std::size_t skip_clean_lines(std::string_view, LeadingDots)
{
    return 0;
}

#endif

}  // namespace hermetic::smtp
