//! Element types of stored tensors.

use std::fmt;

/// What a stored tensor's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// IEEE 754 double precision.
    Float64,
    /// IEEE 754 single precision, which is what networks run in.
    Float32,
    /// IEEE 754 half precision.
    Float16,
    /// The upper half of a single-precision float.
    Bfloat16,
    /// 64-bit signed integer.
    Int64,
    /// 32-bit signed integer.
    Int32,
    /// 16-bit signed integer.
    Int16,
    /// 8-bit signed integer.
    Int8,
    /// 64-bit unsigned integer.
    Uint64,
    /// 32-bit unsigned integer.
    Uint32,
    /// 16-bit unsigned integer.
    Uint16,
    /// 8-bit unsigned integer.
    Uint8,
    /// One byte that is 0 or 1.
    Bool,
}

impl ElementType {
    /// NumPy's and PyTorch's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float64 => "float64",
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::Bfloat16 => "bfloat16",
            Self::Int64 => "int64",
            Self::Int32 => "int32",
            Self::Int16 => "int16",
            Self::Int8 => "int8",
            Self::Uint64 => "uint64",
            Self::Uint32 => "uint32",
            Self::Uint16 => "uint16",
            Self::Uint8 => "uint8",
            Self::Bool => "bool",
        }
    }

    /// Elements in this machine's byte order as float32. Doubles and wide integers are rounded to the nearest
    /// float32; the other types fit exactly.
    pub(super) fn to_f32(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::Float64 => each(bytes, |b| f64::from_ne_bytes(b) as f32),
            Self::Float32 => each(bytes, f32::from_ne_bytes),
            Self::Float16 => each(bytes, |b| half::f16::from_ne_bytes(b).to_f32()),
            Self::Bfloat16 => each(bytes, |b| half::bf16::from_ne_bytes(b).to_f32()),
            Self::Int64 => each(bytes, |b| i64::from_ne_bytes(b) as f32),
            Self::Int32 => each(bytes, |b| i32::from_ne_bytes(b) as f32),
            Self::Int16 => each(bytes, |b| f32::from(i16::from_ne_bytes(b))),
            Self::Int8 => each(bytes, |b| f32::from(i8::from_ne_bytes(b))),
            Self::Uint64 => each(bytes, |b| u64::from_ne_bytes(b) as f32),
            Self::Uint32 => each(bytes, |b| u32::from_ne_bytes(b) as f32),
            Self::Uint16 => each(bytes, |b| f32::from(u16::from_ne_bytes(b))),
            Self::Uint8 => each(bytes, |[b]: [u8; 1]| f32::from(b)),
            Self::Bool => each(bytes, |[b]: [u8; 1]| f32::from(u8::from(b != 0))),
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn each<const SIZE: usize>(bytes: &[u8], convert: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<SIZE>().0.iter().map(|element| convert(*element)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_becomes_float32() {
        let cases: [(ElementType, Vec<u8>, f32); 13] = [
            (ElementType::Float64, 0.1_f64.to_ne_bytes().to_vec(), 0.1),
            (ElementType::Float32, (-1.5_f32).to_ne_bytes().to_vec(), -1.5),
            (ElementType::Float16, 0x3555_u16.to_ne_bytes().to_vec(), 0.333_251_95),
            (ElementType::Bfloat16, 0x3eab_u16.to_ne_bytes().to_vec(), 0.333_984_38),
            (ElementType::Int64, (-7_i64).to_ne_bytes().to_vec(), -7.0),
            (ElementType::Int32, (-70_000_i32).to_ne_bytes().to_vec(), -70_000.0),
            (ElementType::Int16, (-300_i16).to_ne_bytes().to_vec(), -300.0),
            (ElementType::Int8, vec![0xff], -1.0),
            (ElementType::Uint64, (1_u64 << 40).to_ne_bytes().to_vec(), 1_099_511_627_776.0),
            (ElementType::Uint32, u32::MAX.to_ne_bytes().to_vec(), 4_294_967_296.0),
            (ElementType::Uint16, u16::MAX.to_ne_bytes().to_vec(), 65_535.0),
            (ElementType::Uint8, vec![200], 200.0),
            (ElementType::Bool, vec![1], 1.0),
        ];
        for (element, bytes, expected) in cases {
            assert_eq!(element.to_f32(&[bytes.clone(), bytes].concat()), [expected, expected], "{element}");
        }
    }
}
