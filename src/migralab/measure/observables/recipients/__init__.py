"""What others do about migrasomes: attraction, turning, gathering at a site, association, uptake."""
