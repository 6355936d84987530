//! The conditions that an aggregate is called with: VARIADIC boolean[].

use super::Datum;
use pgrx::pg_sys;
use pgrx::varlena::varatt_is_4b_u;

/// How many conditions there are, and a bit for each that holds, the first in the lowest; of
/// more than 64 the number alone, as an error. NULL does not hold.
///
/// # Safety
/// `array` is a boolean[].
pub unsafe fn mask(array: Datum) -> Result<(usize, u64), usize> {
    // SAFETY: as the caller promises; a detoasted array has the layout that its header tells.
    unsafe {
        let mut pointer = array.cast_mut_ptr::<pg_sys::varlena>();
        if !varatt_is_4b_u(pointer) {
            pointer = pg_sys::pg_detoast_datum(pointer);
        }
        let array = pointer.cast::<pg_sys::ArrayType>();
        let dimensions = (*array).ndim as usize;
        let lengths = array.add(1).cast::<i32>();
        let count = match dimensions {
            0 => 0,
            _ => (0..dimensions)
                .map(|place| *lengths.add(place) as usize)
                .product(),
        };
        if count > 64 {
            return Err(count);
        }
        let nulls = lengths.add(2 * dimensions).cast::<u8>();
        let has_nulls = (*array).dataoffset != 0;
        // PostgreSQL's ARR_OVERHEAD: the values begin at a multiple of eight.
        let begin = if has_nulls {
            (*array).dataoffset as usize
        } else {
            (size_of::<pg_sys::ArrayType>() + 2 * dimensions * size_of::<i32>()).next_multiple_of(8)
        };
        let mut value = pointer.cast::<u8>().add(begin);
        let mut held = 0;
        for place in 0..count {
            // In the bitmap a one is a value; NULLs take no place among the values.
            if has_nulls && *nulls.add(place / 8) >> (place % 8) & 1 == 0 {
                continue;
            }
            held |= u64::from(*value != 0) << place;
            value = value.add(1);
        }
        Ok((count, held))
    }
}
