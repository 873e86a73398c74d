//! What the rasteriser promises, on bare meshes and on what egui itself makes of a label.

use super::*;
use egui::epaint::{ImageDelta, Mesh, Vertex};
use egui::{ColorImage, Pos2, Rect, TextureOptions, pos2, vec2};

const TEXTURE: TextureId = TextureId::User(7);

/// A black picture with one white texture.
fn black(size: [usize; 2]) -> Raster {
    let mut raster = Raster::new(size);
    texture(&mut raster, ColorImage::filled([1, 1], Color32::WHITE));
    raster
}

fn texture(raster: &mut Raster, image: ColorImage) {
    let mut delta = TexturesDelta::default();
    delta.push(TEXTURE, ImageDelta::full(image, TextureOptions::LINEAR));
    raster.update_textures(&delta);
    delta.clear();
}

fn vertex(at: Pos2, uv: Pos2, color: Color32) -> Vertex {
    Vertex { pos: at, uv, color }
}

/// A fan of solid triangles around the first point.
fn fan(points: &[(f32, f32)], color: Color32) -> ClippedPrimitive {
    let mut mesh = Mesh::with_texture(TEXTURE);
    for (x, y) in points {
        mesh.vertices.push(vertex(pos2(*x, *y), Pos2::ZERO, color));
    }
    for last in 2..points.len() as u32 {
        mesh.indices.extend([0, last - 1, last]);
    }
    clipped(mesh, Rect::EVERYTHING)
}

fn clipped(mesh: Mesh, clip_rect: Rect) -> ClippedPrimitive {
    ClippedPrimitive {
        clip_rect,
        primitive: Primitive::Mesh(mesh),
    }
}

/// The red channel, row by row, one digit a pixel: `.` black, `#` white, else `+`.
fn rows(raster: &Raster) -> Vec<String> {
    let [width, height] = raster.size();
    (0..height)
        .map(|y| {
            (0..width)
                .map(|x| match raster.pixel(x, y) {
                    Some([0, ..]) => '.',
                    Some([255, ..]) => '#',
                    _ => '+',
                })
                .collect()
        })
        .collect()
}

#[test]
fn a_triangle_covers_the_centres_inside_it() {
    let mut raster = black([5, 5]);
    raster.paint(&[fan(&[(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)], Color32::WHITE)], 1.0);
    // The diagonal runs through centres and is a right edge: those are out.
    assert_eq!(rows(&raster), ["###..", "##...", "#....", ".....", "....."]);
}

#[test]
fn winding_does_not_matter() {
    let points = [(0.3, 0.2), (6.9, 1.4), (2.2, 7.7)];
    let mut clockwise = black([8, 8]);
    clockwise.paint(&[fan(&points, Color32::WHITE)], 1.0);
    let mut counter = black([8, 8]);
    let reversed = [points[2], points[1], points[0]];
    counter.paint(&[fan(&reversed, Color32::WHITE)], 1.0);
    assert!(rows(&clockwise).concat().contains('#'));
    assert_eq!(clockwise.rgba(), counter.rgba());
}

#[test]
fn triangles_that_share_edges_cover_each_pixel_once() {
    // Half-transparent white: drawn once it is 128, drawn twice it would be 192.
    let half = Color32::from_rgba_premultiplied(128, 128, 128, 128);
    let hub = (7.5, 6.5);
    let rim = [
        (0.0, 0.0),
        (5.5, 0.0),
        (11.25, 0.0),
        (16.0, 0.0),
        (16.0, 9.5),
        (16.0, 14.0),
        (3.0, 14.0),
        (0.0, 14.0),
        (0.0, 2.5),
        (0.0, 0.0),
    ];
    for (dx, dy) in [(0.0, 0.0), (0.125, -0.3), (0.5, 0.5), (-0.49, 0.02)] {
        let mut points = vec![(hub.0 + dx, hub.1 + dy)];
        points.extend(rim);
        let mut raster = black([16, 14]);
        raster.paint(&[fan(&points, half)], 1.0);
        for pixel in raster.rgba().chunks_exact(4) {
            assert_eq!(pixel, [128, 128, 128, 255], "hub moved by {dx}, {dy}");
        }
    }
}

#[test]
fn a_clip_rectangle_is_rounded_to_pixels() {
    let mut raster = black([4, 3]);
    let ClippedPrimitive { primitive, .. } =
        fan(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)], Color32::WHITE);
    let clip_rect = Rect::from_min_max(pos2(0.6, 0.4), pos2(1.4, 1.0));
    raster.paint(&[ClippedPrimitive { clip_rect, primitive }], 2.0);
    assert_eq!(rows(&raster), ["....", ".##.", "...."]);
}

#[test]
fn points_become_pixels() {
    let mut raster = black([4, 4]);
    raster.paint(
        &[fan(
            &[(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0)],
            Color32::WHITE,
        )],
        2.0,
    );
    assert_eq!(rows(&raster), ["....", "....", "..##", "..##"]);
}

#[test]
fn an_image_drawn_texel_on_pixel_is_copied() {
    let colors: Vec<Color32> = (0..12)
        .map(|at| Color32::from_rgb(at * 20, at, 255 - at))
        .collect();
    let mut raster = Raster::new([6, 5]);
    texture(&mut raster, ColorImage::new([4, 3], colors.clone()));
    let mut mesh = Mesh::with_texture(TEXTURE);
    let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    let place = Rect::from_min_size(pos2(1.0, 1.0), vec2(4.0, 3.0));
    mesh.add_rect_with_uv(place, uv, Color32::WHITE);
    raster.paint(&[clipped(mesh, Rect::EVERYTHING)], 1.0);
    for (at, color) in colors.iter().enumerate() {
        assert_eq!(raster.pixel(1 + at % 4, 1 + at / 4), Some(color.to_array()));
    }
    assert_eq!(raster.pixel(0, 0), Some([0, 0, 0, 255]));
    assert_eq!(raster.pixel(5, 4), Some([0, 0, 0, 255]));
}

#[test]
fn colours_run_between_corners() {
    let mut raster = black([256, 2]);
    let mut mesh = Mesh::with_texture(TEXTURE);
    for (x, color) in [(0.0, Color32::BLACK), (255.0, Color32::WHITE)] {
        for y in [0.0, 2.0] {
            mesh.vertices.push(vertex(pos2(x, y), Pos2::ZERO, color));
        }
    }
    mesh.indices = vec![0, 1, 2, 2, 1, 3];
    raster.paint(&[clipped(mesh, Rect::EVERYTHING)], 1.0);
    for x in 0..255u8 {
        let [red, ..] = raster.pixel(usize::from(x), 1).unwrap();
        assert!(red == x || red == x + 1, "{red} at {x}");
    }
}

#[test]
fn broken_meshes_draw_nothing() {
    let nan = f32::NAN;
    let mut raster = black([4, 4]);
    let mut wild = Mesh::with_texture(TEXTURE);
    wild.vertices.push(vertex(Pos2::ZERO, Pos2::ZERO, Color32::WHITE));
    wild.indices = vec![0, 1, 900];
    let mut unknown = Mesh::with_texture(TextureId::Managed(3));
    let everywhere = Rect::from_min_max(Pos2::ZERO, pos2(4.0, 4.0));
    unknown.add_rect_with_uv(everywhere, everywhere, Color32::WHITE);
    raster.paint(
        &[
            fan(&[(nan, 0.0), (4.0, 0.0), (0.0, 4.0)], Color32::WHITE),
            fan(&[(0.0, 0.0), (f32::INFINITY, 0.0), (0.0, 4.0)], Color32::WHITE),
            fan(&[(0.0, 0.0), (2.0, 2.0), (4.0, 4.0)], Color32::WHITE),
            clipped(wild, Rect::EVERYTHING),
            clipped(unknown, Rect::EVERYTHING),
        ],
        1.0,
    );
    assert!(!rows(&raster).concat().contains(['#', '+']));
}

#[test]
fn steep_slopes_do_not_overflow() {
    let mut raster = black([64, 64]);
    texture(&mut raster, ColorImage::filled([8, 8], Color32::WHITE));
    let mut mesh = Mesh::with_texture(TEXTURE);
    let far = 900_000.0;
    mesh.vertices = vec![
        vertex(pos2(-far, -far), pos2(-1e30, 1e30), Color32::WHITE),
        vertex(pos2(far, far), pos2(1e30, f32::NAN), Color32::BLACK),
        vertex(pos2(far, far + 1.0), pos2(0.0, -1e30), Color32::TRANSPARENT),
        vertex(pos2(10.0, 10.0), pos2(0.0, 0.0), Color32::WHITE),
        vertex(pos2(60.0, 10.01), pos2(1e30, 0.0), Color32::BLACK),
        vertex(pos2(60.0, 10.0), pos2(-1e30, 1e30), Color32::WHITE),
    ];
    mesh.indices = vec![0, 1, 2, 3, 4, 5, 0, 4, 2, 1, 3, 5];
    raster.paint(&[clipped(mesh, Rect::EVERYTHING)], 1.0);
    assert!(raster.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255));
}

/// A label drawn by egui, and the rectangle it says it took.
fn label(text: &str, pixels_per_point: f32) -> (Raster, Rect) {
    let context = egui::Context::default();
    let mut raster = Raster::new([
        (120.0 * pixels_per_point) as usize,
        (40.0 * pixels_per_point) as usize,
    ]);
    let mut input = egui::RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(120.0, 40.0))),
        ..Default::default()
    };
    if let Some(viewport) = input.viewports.get_mut(&egui::ViewportId::ROOT) {
        viewport.native_pixels_per_point = Some(pixels_per_point);
    }
    let mut taken = Rect::NOTHING;
    let mut output = context.run_ui(input, |ui| {
        let color = Color32::from_rgb(250, 0, 0);
        taken = ui.label(egui::RichText::new(text).color(color)).rect;
    });
    raster.update_textures(&output.textures_delta);
    output.textures_delta.clear();
    let primitives = context.tessellate(output.shapes, output.pixels_per_point);
    raster.paint(&primitives, output.pixels_per_point);
    (raster, taken)
}

#[test]
fn a_label_is_drawn_where_egui_says() {
    for pixels_per_point in [1.0, 1.5, 2.0] {
        let (raster, taken) = label("HI", pixels_per_point);
        let taken = Rect::from_min_max(
            (taken.min * pixels_per_point).floor(),
            (taken.max * pixels_per_point).ceil(),
        );
        let [width, height] = raster.size();
        let mut ink = 0.0;
        let mut outside = 0;
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let [red, green, blue, alpha] = raster.pixel(x, y).unwrap();
            assert_eq!((green, blue, alpha), (0, 0, 255), "only the text's colour");
            ink += f32::from(red) / 250.0 / (pixels_per_point * pixels_per_point);
            let centre = pos2(x as f32 + 0.5, y as f32 + 0.5);
            outside += usize::from(red > 0 && !taken.contains(centre));
        }
        // Three stems a little over a point wide and about nine points high, and a bar: the same at each scale.
        assert!((30.0..50.0).contains(&ink), "{ink} square points of ink");
        assert_eq!(outside, 0);
    }
}

#[test]
fn a_space_draws_nothing() {
    let (raster, _) = label(" ", 1.0);
    assert!(!rows(&raster).concat().contains(['#', '+']));
}

#[test]
fn the_same_picture_twice() {
    let (first, _) = label("Stepwell 0123", 1.25);
    let (second, _) = label("Stepwell 0123", 1.25);
    assert!(first.rgba() == second.rgba());
}
