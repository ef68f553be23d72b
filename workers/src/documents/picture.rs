//! Pictures, drawn anew: what is kept holds pixels and nothing that a telephone wrote beside them, such as where it was.

use super::{MOST_BYTES, Unfit};
use domain::attendance_day::DocumentKind;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use std::io::Cursor;

/// Longest side of what is kept, in pixels: a page of paper at some 200 dots an inch.
const LONGEST_SIDE: u32 = 2400;
/// Largest side of what is unpacked, in pixels.
const MOST_SIDE: u32 = 12_000;
/// Memory that its pixels may take, in bytes: 32 million of them in three colours.
const MOST_MEMORY: u64 = 96 * 1024 * 1024;
/// Of 100: what is written on paper stays readable.
const QUALITY: u8 = 82;

/// Pixels of a progressive JPEG at most: while it is unpacked it takes six bytes more for each.
const MOST_PROGRESSIVE: u64 = 12_500_000;

/// A picture: upright, no larger than it needs to be, on white where nothing was drawn. Of the same kind, but where a PNG
/// would be larger than what is taken.
pub(super) fn redrawn(kind: DocumentKind, bytes: &[u8]) -> Result<(DocumentKind, Vec<u8>), Unfit> {
    let format = if kind == DocumentKind::Png { ImageFormat::Png } else { ImageFormat::Jpeg };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_SIDE), Some(MOST_SIDE));
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let unreadable = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Unfit::TooLarge,
        _ => Unfit::Unreadable,
    };
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let pixels = u64::from(decoder.dimensions().0) * u64::from(decoder.dimensions().1);
    if decoder.total_bytes() > MOST_MEMORY || pixels > MOST_PROGRESSIVE && is_progressive(bytes) {
        return Err(Unfit::TooLarge);
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    if picture.width().max(picture.height()) > LONGEST_SIDE {
        picture = picture.thumbnail(LONGEST_SIDE, LONGEST_SIDE);
    }
    picture.apply_orientation(orientation);
    let picture = on_white(picture);
    let mut drawn = Cursor::new(Vec::new());
    if format == ImageFormat::Png {
        picture.write_to(&mut drawn, ImageFormat::Png).map_err(unreadable)?;
        if drawn.get_ref().len() <= MOST_BYTES {
            return Ok((DocumentKind::Png, drawn.into_inner()));
        }
        drawn = Cursor::new(Vec::new());
    }
    JpegEncoder::new_with_quality(&mut drawn, QUALITY).encode_image(&picture).map_err(unreadable)?;
    Ok((DocumentKind::Jpeg, drawn.into_inner()))
}

/// Whether a JPEG's frame is one of those that are drawn in several passes (ITU-T T.81, B.1.1.3).
fn is_progressive(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, marker, high, low, ..] = *rest {
        match marker {
            0xc2 | 0xc6 | 0xca | 0xce => return true,
            // Another frame, or the picture itself.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xda => return false,
            _ => {}
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..).unwrap_or_default();
    }
    false
}

fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, a] = picture.get_pixel(x, y).0.map(u32::from);
        // At most 255.
        Rgb([r, g, b].map(|colour| ((colour * a + 255 * (255 - a)) / 255) as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([0; 3]) } else { Rgb([255; 3]) });
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    /// With what a telephone writes: the picture lies on its side, and where it was taken.
    fn of_a_telephone(jpeg: &[u8]) -> Vec<u8> {
        // One entry: orientation (0x0112), a short, one of it, 6 (turned to the right).
        let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0GPS -33.4489 -70.6693";
        let app1 = [&b"Exif\0\0"[..], tiff].concat();
        let length = u16::try_from(app1.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &app1, &jpeg[2..]].concat()
    }

    #[test]
    fn a_photo_is_upright_smaller_and_does_not_say_where_it_was_taken() {
        let photo = of_a_telephone(&jpeg(4000, 3000));
        assert!(photo.windows(3).any(|three| three == b"GPS"));
        let (_, drawn) = redrawn(DocumentKind::Jpeg, &photo).unwrap();
        assert!(!drawn.windows(3).any(|three| three == b"GPS") && !drawn.windows(4).any(|four| four == b"Exif"));
        let seen = image::load_from_memory(&drawn).unwrap().into_rgb8();
        assert_eq!((seen.width(), seen.height()), (1800, 2400));
        // What was left is above.
        assert!(seen.get_pixel(900, 100).0[0] < 20 && seen.get_pixel(900, 2300).0[0] > 235);
    }

    #[test]
    fn a_png_that_would_be_larger_than_what_is_taken_becomes_a_jpeg() {
        let mut random = fastrand::Rng::with_seed(1);
        let noise = image::GrayImage::from_fn(2400, 2400, |_, _| image::Luma([random.u8(..)]));
        let mut bytes = Cursor::new(Vec::new());
        noise.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let sent = bytes.into_inner();
        assert!(sent.len() < MOST_BYTES, "{} bytes", sent.len());
        let (kind, drawn) = redrawn(DocumentKind::Png, &sent).unwrap();
        assert_eq!((kind, drawn.len() <= MOST_BYTES), (DocumentKind::Jpeg, true), "{} bytes", drawn.len());
    }

    #[test]
    fn what_was_transparent_is_white() {
        let picture = image::RgbaImage::from_fn(40, 30, |x, _| image::Rgba([0, 0, 0, if x < 20 { 0 } else { 255 }]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let (_, drawn) = redrawn(DocumentKind::Png, &bytes.into_inner()).unwrap();
        let seen = image::load_from_memory(&drawn).unwrap().into_rgb8();
        assert_eq!((seen.get_pixel(0, 0).0, seen.get_pixel(39, 0).0), ([255; 3], [0; 3]));
    }

    #[test]
    fn a29_what_would_not_fit_into_memory_is_refused_before_it_is_unpacked_and_rubbish_is_rubbish() {
        // A header that says 60,000 pixels a side.
        let mut huge = jpeg(16, 16);
        let frame = huge.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        huge[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
        assert_eq!(redrawn(DocumentKind::Jpeg, &huge), Err(Unfit::TooLarge));
        let mut bytes = Cursor::new(Vec::new());
        image::GrayImage::new(11_000, 11_000).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let bomb = bytes.into_inner();
        assert!(bomb.len() < 1_000_000, "{} bytes", bomb.len());
        assert_eq!(redrawn(DocumentKind::Png, &bomb), Err(Unfit::TooLarge));
        // In several passes it takes more.
        let mut passes = jpeg(4000, 4000);
        assert!(redrawn(DocumentKind::Jpeg, &passes).is_ok() && !is_progressive(&passes));
        let frame = passes.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        passes[frame + 1] = 0xc2;
        assert_eq!(redrawn(DocumentKind::Jpeg, &passes), Err(Unfit::TooLarge));
        let whole = jpeg(64, 64);
        assert!(redrawn(DocumentKind::Jpeg, &whole).is_ok());
        for rubbish in [&whole[..3], &whole[..40], b"\xff\xd8\xff and then text"] {
            assert_eq!(redrawn(DocumentKind::Jpeg, rubbish), Err(Unfit::Unreadable), "{} bytes", rubbish.len());
        }
        assert_eq!(redrawn(DocumentKind::Png, b"\x89PNG\r\n\x1a\n"), Err(Unfit::Unreadable));
    }
}
